using System.CommandLine;
using Gofer.Cli.Completion;

namespace Gofer.Cli.Commands;

/// <summary><c>completion</c> prints a shell's script; the script asks the hidden <c>complete</c> for each word.</summary>
internal static class CompletionCommands
{
    private static readonly string[] s_shells = ["bash", "zsh", "fish", "pwsh"];

    public static Command Scripts()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh, fish or pwsh." };
        shell.AcceptOnlyFromAmong(s_shells);
        var command = new Command("completion", "Print the script by which a shell completes commands, options and the names of pipelines, runs and tasks.")
            .Example("source <(gofer completion bash)", "in ~/.bashrc")
            .Example("source <(gofer completion zsh)", "in ~/.zshrc")
            .Example("gofer completion fish > ~/.config/fish/completions/gofer.fish")
            .Example("gofer completion pwsh | Out-String | Invoke-Expression", "in $PROFILE");
        command.Arguments.Add(shell);
        command.Run(async (context, token) =>
        {
            await using var resource = typeof(CompletionCommands).Assembly.GetManifestResourceStream($"gofer.{context.Parsed.GetValue(shell)}")!;
            using var script = new StreamReader(resource);
            await context.Out.WriteAsync((await script.ReadToEndAsync(token)).ReplaceLineEndings("\n"));
            return ExitCode.Done;
        });
        return command;
    }

    public static Command Complete()
    {
        var words = new Argument<string[]>("words") { Description = "The words after 'gofer' up to the one that is completed, which may be empty.", Arity = ArgumentArity.ZeroOrMore };
        var next = new Option<bool>("--next") { Description = "A word follows of which nothing is typed yet." };
        var command = new Command("complete", "Print the words that may stand next, each with a tab and what it is.") { Hidden = true };
        command.Arguments.Add(words);
        command.Options.Add(next);
        command.Run(async (context, token) =>
        {
            var given = context.Parsed.GetResult(words)?.Tokens.Select(t => t.Value) ?? [];
            foreach (var (word, about) in await Completer.CompleteAsync([.. given, .. context.Parsed.GetValue(next) ? [""] : Array.Empty<string>()], token))
            {
                context.Out.WriteLine(about.Length > 0 ? $"{word}\t{string.Join(' ', about.Split(['\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))}" : word);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
