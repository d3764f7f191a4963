using System.CommandLine;
using System.Globalization;
using Gofer.Cli.Authoring;
using Gofer.Domain.Common;

namespace Gofer.Cli.Commands;

/// <summary><c>init</c>: a pipeline project that runs at once, in the author's language.</summary>
internal static class InitCommand
{
    private static readonly string[] s_languages = [.. ProjectTemplate.All.Select(t => t.Language)];

    public static Command Init()
    {
        var folder = new Argument<string>("dir") { Description = "The folder; it is made. The current one where none is named.", DefaultValueFactory = _ => "." };
        var language = new Option<string?>("--lang") { Description = "The language; on a terminal it is asked for." };
        language.AcceptOnlyFromAmong(s_languages);
        var force = new Option<bool>("--force") { Description = "Write into a folder that is not empty; no file that is there is touched." };
        var command = new Command("init", "Write a small pipeline project that runs at once.")
            .Example("gofer init nightly --lang python").Example("gofer init . --lang json --force", "beside what is there, which stays as it is");
        command.Arguments.Add(folder);
        command.Options.Add(language);
        command.Options.Add(force);
        command.Run(async (context, token) =>
        {
            var named = context.Parsed.GetValue(folder)!;
            var chosen = context.Parsed.GetValue(language) ?? await AskAsync(context, token);
            if (ProjectTemplate.All.FirstOrDefault(t => t.Language == chosen) is not { } template)
            {
                context.Error.WriteLine($"gofer: Which language? Say it with --lang: {string.Join(", ", s_languages)}. For example: gofer init {Quoted(named)} --lang python");
                return ExitCode.Usage;
            }

            var full = Path.GetFullPath(named);
            var id = ProjectTemplate.IdFor(full);
            var written = NewProject.Write(full, template.Files(id), context.Parsed.GetValue(force));
            if (!written.IsOk) return context.Fail(written.Error);
            Say(context, named, id, template, written.Value);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Say(CommandContext context, string folder, string id, ProjectTemplate template, List<string> files)
    {
        context.Error.WriteLine($"'{id}' is a pipeline in {template.Title}: {string.Join(", ", files)}.");
        if (template.Tool is { } tool && !PipelineSource.IsInstalled(tool)) context.Error.WriteLine($"'{tool}' is not installed here, and the pipeline needs it.");
        var path = Quoted(folder);
        context.Error.WriteLine($"Next:\n  gofer dev                 a server, in another terminal, where none runs yet\n  gofer up {path} --run\n                            register it, run it and follow it");
        context.PrintAnswer(new { Folder = Path.GetFullPath(folder), Pipeline = id, template.Language, Files = files }, p => p.Folder);
    }

    /// <summary>The language that somebody at a terminal chooses, by its name or number; null where nobody is there or says.</summary>
    private static async Task<string?> AskAsync(CommandContext context, CancellationToken cancellationToken)
    {
        if (Console.IsInputRedirected) return null;
        for (var i = 0; i < ProjectTemplate.All.Count; i++) context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {i + 1}  {ProjectTemplate.All[i].Title}"));
        while (true)
        {
            context.Error.Write("Which language? ");
            // The terminal's read cannot be called off; Ctrl-C leaves it behind.
            if (await Task.Run(Console.In.ReadLine, CancellationToken.None).WaitAsync(cancellationToken) is not { } said) return null;
            var answer = said.Trim();
            if (int.TryParse(answer, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= s_languages.Length) return s_languages[number - 1];
            var match = ProjectTemplate.All.FirstOrDefault(t => t.Language.Equals(answer, StringComparison.OrdinalIgnoreCase) || t.Title.Equals(answer, StringComparison.OrdinalIgnoreCase));
            if (match is not null) return match.Language;
            context.Error.WriteLine($"Say a number from 1 to {s_languages.Length}, or one of {string.Join(", ", s_languages)}.");
        }
    }

    private static string Quoted(string path) => path.All(c => char.IsLetterOrDigit(c) || "/._-+~".Contains(c, StringComparison.Ordinal)) ? path : $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
