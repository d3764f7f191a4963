using System.CommandLine;
using System.Text.Json;
using Gofer.Cli.Authoring;
using Gofer.Cli.Terminal;
using Gofer.Client;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Cli.Commands;

/// <summary><c>up</c>, <c>validate</c>, <c>diff</c>: from a file or a program to a registered pipeline.</summary>
internal static class AuthorCommands
{
    private static Argument<string> Source
    {
        get
        {
            var source = new Argument<string>("path")
            {
                Description = "A JSON file, a folder whose program prints the document (.NET, package.json, go.mod, Cargo.toml, Python), or - for standard input.",
            };
            // A mistyped option is no file that is not there.
            source.Validators.Add(given =>
            {
                if (given.Tokens is [{ Value: ['-', '-', _, ..] odd }]) given.AddError($"{Shown.Quoted(odd)} is no path.");
            });
            return source;
        }
    }

    /// <summary>The document that the argument names; from here on what is wrong with it is shown at its place.</summary>
    private static async Task<JsonElement> ReadAsync(CommandContext context, Argument<string> path, CancellationToken token)
    {
        var read = await PipelineSource.ReadTextAsync(context.Parsed.GetValue(path)!, context.Error, token);
        if (!read.IsOk) throw new CommandException(read.Error);
        context.Source = read.Value;
        return read.Value.Document;
    }

    public static Command Up()
    {
        var path = Source;
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would change and change nothing." };
        var noDeploy = new Option<bool>("--no-deploy") { Description = "Register the version without making it live." };
        var run = new Option<bool>("--run") { Description = "Run the pipeline and follow it." };
        var command = new Command("up", "Register a pipeline and make it live.").Example("gofer up examples/dag/pipeline.json --run");
        command.Arguments.Add(path);
        command.Options.Add(dryRun);
        command.Options.Add(noDeploy);
        command.Options.Add(run);
        command.Run(async (context, token) =>
        {
            if (context.Parsed.GetValue(run)) context.DemandLines();
            var document = await ReadAsync(context, path, token);
            var id = IdOf(document);
            var isDry = context.Parsed.GetValue(dryRun);
            var answer = await context.Client.Pipelines.RegisterPipelineAsync(
                context.Namespace, id, document, deploy: !context.Parsed.GetValue(noDeploy), dryRun: isDry, cancellationToken: token);
            context.Source = null; // what is refused from here on is not the document
            var runs = !isDry && context.Parsed.GetValue(run);
            // Of a first version everything is new.
            if (context.IsTable && answer.Version > 1) PrintDiff(context.Out, answer.Diff);
            context.Error.WriteLine((isDry, answer.Created) switch
            {
                (true, true) => $"{id} would become version {answer.Version}.",
                (true, false) => $"{id} would stay version {answer.Version}.",
                (false, true) => $"{id} is registered as version {answer.Version}{(answer.Live ? " and live" : ", not live")}.",
                (false, false) => $"{id} is unchanged: version {answer.Version}{(answer.Live ? ", live" : ", not live")}.",
            });
            if (!runs)
            {
                context.PrintAnswer(answer, _ => id);
                return ExitCode.Done;
            }

            var created = await context.Client.Runs.CreateRunAsync(context.Namespace, id, new NewRunBody { Version = answer.Version }, cancellationToken: token);
            return await Following.FollowAsync(context, id, created, token);
        });
        return command;
    }

    public static Command Validate()
    {
        var path = Source;
        var command = new Command("validate", "Check a pipeline without a server: every fault at once, each with its place.").Example("gofer validate pipeline.json");
        command.Arguments.Add(path);
        command.Run(async (context, token) =>
        {
            var document = await ReadAsync(context, path, token);
            var read = DocumentReader.Read(document, DocumentLimits.Default);
            if (!read.IsOk) return context.Fail(read.Error);
            context.Error.WriteLine($"{read.Value.Id} is a valid pipeline of {read.Value.Tasks.Count} tasks.");
            return ExitCode.Done;
        });
        return command;
    }

    public static Command Diff()
    {
        var path = Source;
        var command = new Command("diff", "Compare a pipeline with its live version.").Example("gofer diff pipeline.json");
        command.Arguments.Add(path);
        command.Run(async (context, token) =>
        {
            var document = await ReadAsync(context, path, token);
            var answer = await context.Client.Pipelines.RegisterPipelineAsync(
                context.Namespace, IdOf(document), document, dryRun: true, cancellationToken: token);
            if (context.IsTable) PrintDiff(context.Out, answer.Diff);
            else context.Print(answer.Diff, c => c.Pointer);
            context.Error.WriteLine(answer.Diff.Count == 0 ? "No difference from the live version." : $"{answer.Diff.Count} differences from the live version.");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The id that the document gives itself; where that is none, a placeholder lets the server say so with all other faults.</summary>
    private static string IdOf(JsonElement document) =>
        document.ValueKind == JsonValueKind.Object && document.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String
        && id.GetString() is { } text && Slug.IsValid(text) ? text : "-";

    private static void PrintDiff(TextWriter output, IReadOnlyList<ChangeView> changes)
    {
        foreach (var change in changes)
        {
            var room = Math.Max(Columns.Width - change.Pointer.Length - 3, 20);
            var (sign, values) = change.Kind switch
            {
                "added" => ("+", Cut(change.To, room)),
                "removed" => ("-", Cut(change.From, room)),
                _ => ("~", $"{Cut(change.From, (room - 3) / 2)} → {Cut(change.To, (room - 3) / 2)}"),
            };
            output.WriteLine($"{sign} {change.Pointer} {values}");
        }
    }

    private static string? Cut(string? text, int room) => text is not null && text.Length > room ? text[..(room - 1)] + "…" : text;
}
