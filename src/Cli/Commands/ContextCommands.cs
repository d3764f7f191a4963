using System.CommandLine;
using System.Text;
using Gofer.Cli.Completion;
using Gofer.Cli.Configuration;
using Gofer.Domain.Common;

namespace Gofer.Cli.Commands;

/// <summary><c>context</c>: servers by name, each with its namespace and token, in the settings file of whoever calls.</summary>
internal static class ContextCommands
{
    public static Command Context()
    {
        var noun = new Command("context", "Servers by name, each with its namespace and token.")
            .Example("gofer context set prod --server https://gofer.example.com -n team-data")
            .Example("gofer context use prod")
            .Example("gofer run list --context staging", "another one, for one command");
        foreach (var command in (Command[])[List(), Use(), Set(), Delete()]) noun.Subcommands.Add(command);
        return noun;
    }

    private static Argument<string> Name()
    {
        var name = new Argument<string>("name") { Description = "The context." };
        name.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (Slug.Complaint(token.Value) is { } wrong) result.AddError($"The context {wrong}");
            }
        });
        return name.Suggests(Suggestions.Contexts);
    }

    private static Command List()
    {
        var command = new Command("list", "List the contexts; the one in use is marked.").Example("gofer context list").Example("gofer context list -o name");
        command.Run((context, _) =>
        {
            var (_, contexts, chosen) = Open(context);
            var inUse = context.Inputs.Flags.GetValueOrDefault(SettingTable.Context) ?? Settings.Read(context.Inputs).Given(SettingTable.Context) ?? chosen;
            var views = contexts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => View(c.Key, c.Value, c.Key == inUse)).ToList();
            context.Print(
                views, c => c.Name,
                ("in use", c => c.InUse ? "*" : ""), ("name", c => c.Name), ("server", c => c.Server), ("namespace", c => c.Namespace), ("token", c => c.HasToken ? "set" : ""));
            if (views.Count == 0) context.Error.WriteLine("There are no contexts yet: 'gofer context set NAME --server URL' makes one.");
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static Command Use()
    {
        var name = Name();
        var command = new Command("use", "Use a context where no command names another.").Example("gofer context use prod");
        command.Arguments.Add(name);
        command.Run((context, _) =>
        {
            var (file, contexts, _) = Open(context);
            var wanted = context.Parsed.GetValue(name)!;
            if (!contexts.TryGetValue(wanted, out var found)) return Task.FromResult(context.Fail(Unknown(wanted, contexts, file.Path)));
            Done(file.Use(wanted));
            context.Error.WriteLine($"Commands go to '{wanted}' now: {found[SettingTable.Server]?.Value ?? SettingTable.Server.Default}.");
            if (Settings.Read(context.Inputs).Written(SettingTable.Server) is { Source: { Kind: SourceKind.Environment } source }) context.Error.WriteLine($"{source.Place} is set and wins over it.");
            context.PrintAnswer(View(wanted, found, inUse: true), c => c.Name);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static Command Set()
    {
        var name = Name();
        var tokenFile = new Option<string?>("--token-file") { Description = "A file that holds the token; the context names it.", HelpName = "FILE" };
        var tokenStdin = new Option<bool>("--token-stdin") { Description = "Read the token from standard input and keep it in the settings file; on a terminal it is not shown." };
        var command = new Command("set", "Make a context or change it; what is not named stays. The first one is used at once.")
            .Example("gofer context set prod --server https://gofer.example.com -n team-data")
            .Example("gofer context set prod --token-stdin < token.txt");
        command.Arguments.Add(name);
        command.Options.Add(tokenFile);
        command.Options.Add(tokenStdin);
        command.Validators.Add(given =>
        {
            if (given.GetValue(tokenStdin) && given.GetValue(tokenFile) is not null) given.AddError("--token-file and --token-stdin exclude each other.");
        });
        command.Run((context, _) =>
        {
            var (file, contexts, chosen) = Open(context);
            var wanted = context.Parsed.GetValue(name)!;
            var flags = context.Inputs.Flags;
            var members = new List<(string, string?)>();
            if (flags.TryGetValue(SettingTable.Server, out var server)) members.Add(("server", server));
            if (flags.TryGetValue(SettingTable.Namespace, out var home)) members.Add(("namespace", home));
            if (context.Parsed.GetValue(tokenFile) is { } path)
            {
                var full = Path.GetFullPath(path);
                var (text, wrong) = SecretFile.Read(full, "/", null);
                if ((wrong ?? SettingTable.Token.Complaint("", text!)?.Trim()) is { } complaint) return Task.FromResult(context.Fail(Error.Invalid("", $"--token-file {complaint}")));
                members.AddRange([("token_file", full), ("token", null)]);
            }

            if (context.Parsed.GetValue(tokenStdin))
            {
                var token = ReadToken(context);
                if (SettingTable.Token.Complaint("The token", token) is { } complaint) return Task.FromResult(context.Fail(Error.Invalid("", complaint)));
                members.AddRange([("token", token), ("token_file", null)]);
            }

            if (contexts.ContainsKey(wanted) && members.Count == 0)
            {
                return Task.FromResult(context.Fail(Error.Invalid("", "Say what to set: --server, --namespace, --token-file or --token-stdin.")));
            }

            Done(file.Set(wanted, members));
            var isFirst = contexts.Count == 0 && chosen is null;
            if (isFirst) Done(file.Use(wanted));
            context.Error.WriteLine(isFirst ? $"The context '{wanted}' is set and in use." : $"The context '{wanted}' is set.");
            context.PrintAnswer(View(wanted, Open(context).Contexts[wanted], isFirst || wanted == chosen), c => c.Name);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static Command Delete()
    {
        var name = Name();
        var yes = NounCommands.Yes;
        var command = new Command("delete", "Forget a context; the server is not asked.").Example("gofer context delete staging --yes");
        command.Arguments.Add(name);
        command.Options.Add(yes);
        command.Run((context, _) =>
        {
            var (file, contexts, chosen) = Open(context);
            var wanted = context.Parsed.GetValue(name)!;
            if (!contexts.ContainsKey(wanted)) return Task.FromResult(context.Fail(Unknown(wanted, contexts, file.Path)));
            if (NounCommands.Confirm(context, yes, $"the context '{wanted}'") is { } refusal) return Task.FromResult(refusal);
            Done(file.Delete(wanted));
            if (chosen == wanted) Done(file.Use(null));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static (ContextFile File, IReadOnlyDictionary<string, Layer> Contexts, string? Chosen) Open(CommandContext context)
    {
        if (context.Inputs.OfUser is null) throw new CommandException(Error.Invalid("", "There is no home to keep contexts in. Set HOME, or name a file with --config."));
        var file = new ContextFile(context.Inputs);
        var read = file.Read();
        return read.IsOk ? (file, read.Value.Contexts, read.Value.Chosen) : throw new CommandException(read.Error);
    }

    private static void Done(Result result)
    {
        if (!result.IsOk) throw new CommandException(result.Error);
    }

    private static Error Unknown(string name, IReadOnlyDictionary<string, Layer> contexts, string path) => new(
        ErrorKind.NotFound, ErrorCodes.ValidationFailed,
        Nearest.Of(name, contexts.Keys) is { } meant
            ? $"There is no context {Shown.Quoted(name)} in {path}. Did you mean '{meant}'?"
            : $"There is no context {Shown.Quoted(name)} in {path}. 'gofer context set {Shown.Of(name)} --server URL' makes it.");

    /// <summary>The first line of standard input; on a terminal it is asked for and not shown.</summary>
    private static string ReadToken(CommandContext context)
    {
        if (Console.IsInputRedirected) return Console.In.ReadLine()?.TrimEnd('\r') ?? "";
        context.Error.Write("Token: ");
        var token = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace) token.Length = Math.Max(0, token.Length - 1);
            else if (!char.IsControl(key.KeyChar)) token.Append(key.KeyChar);
        }

        context.Error.WriteLine();
        return token.ToString();
    }

    private static ContextView View(string name, Layer layer, bool inUse) => new(
        name, layer[SettingTable.Server]?.Text ?? SettingTable.Server.Default!, layer[SettingTable.Namespace]?.Text ?? SettingTable.Namespace.Default!,
        layer[SettingTable.Token] is not null, inUse);

    /// <summary>A context as it is printed; never its token.</summary>
    internal sealed record ContextView(string Name, string Server, string Namespace, bool HasToken, bool InUse);
}
