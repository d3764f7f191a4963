using System.CommandLine;
using System.CommandLine.Completions;
using System.Globalization;
using System.Runtime.CompilerServices;
using Gofer.Cli.Commands;
using Gofer.Cli.Configuration;
using Gofer.Client;

namespace Gofer.Cli.Completion;

/// <summary>A word that may stand where somebody asked, and what it is.</summary>
internal sealed record Suggestion(string Word, string About = "");

/// <summary>Finds the words for an argument or an option's value, with what the command line says so far.</summary>
internal delegate Task<IEnumerable<Suggestion>> SuggestionSource(CommandContext context, CancellationToken cancellationToken);

/// <summary>What may stand for an argument or an option: names that the server or a file knows.</summary>
internal static class Suggestions
{
    /// <summary>The names that are asked for; whoever has more types the beginning.</summary>
    private const int Most = 500;

    private const int MostRuns = 20;

    private static readonly ConditionalWeakTable<Symbol, SuggestionSource> s_sources = [];

    /// <summary>Suggests values from there.</summary>
    public static T Suggests<T>(this T symbol, SuggestionSource source)
        where T : Symbol
    {
        s_sources.AddOrUpdate(symbol, source);
        return symbol;
    }

    /// <summary>The values that may stand for a symbol: those of its source, or its choices.</summary>
    public static async Task<IEnumerable<Suggestion>> OfAsync(Symbol symbol, CommandContext context, CancellationToken cancellationToken) =>
        s_sources.TryGetValue(symbol, out var source)
            ? await source(context, cancellationToken)
            : symbol.GetCompletions(CompletionContext.Empty).Select(c => new Suggestion(c.Label));

    /// <summary>Namespaces.</summary>
    public static async Task<IEnumerable<Suggestion>> Namespaces(CommandContext context, CancellationToken cancellationToken) =>
        (await context.Client.Namespaces.ListNamespacesAsync(Most, null, cancellationToken)).Items.Select(n => new Suggestion(n.Id, n.Description ?? ""));

    /// <summary>Pipelines of the namespace.</summary>
    public static async Task<IEnumerable<Suggestion>> Pipelines(CommandContext context, CancellationToken cancellationToken) =>
        (await context.Client.Pipelines.ListPipelinesAsync(context.Namespace, Most, null, cancellationToken)).Items.Select(p => new Suggestion(p.Id, p.Name ?? ""));

    /// <summary>Shared tasks of the namespace, or of the install where the command line says so.</summary>
    public static async Task<IEnumerable<Suggestion>> SharedTasks(CommandContext context, CancellationToken cancellationToken) =>
        (context.Parsed.GetResult("--global") is System.CommandLine.Parsing.OptionResult { Implicit: false }
            ? await context.Client.SharedTasks.ListSharedTasksAsync(Most, null, cancellationToken)
            : await context.Client.SharedTasks.ListNamespaceSharedTasksAsync(context.Namespace, Most, null, cancellationToken)).Items
            .Select(t => new Suggestion(t.Id, t.Version));

    /// <summary>Versions of the pipeline that the command line names, the newest first.</summary>
    public static async Task<IEnumerable<Suggestion>> Versions(CommandContext context, CancellationToken cancellationToken) => Named(context, "pipeline") is not { } pipeline ? []
        : (await context.Client.Versions.ListVersionsAsync(context.Namespace, pipeline, MostRuns, null, cancellationToken)).Items
            .Select(v => new Suggestion(Number(v.Version), v.Live ? "live" : ""));

    /// <summary>The newest runs of the pipeline that the command line names.</summary>
    public static async Task<IEnumerable<Suggestion>> Runs(CommandContext context, CancellationToken cancellationToken) => Named(context, "pipeline") is not { } pipeline ? []
        : (await context.Client.Runs.ListRunsAsync(context.Namespace, pipeline, limit: MostRuns, cancellationToken: cancellationToken)).Items
            .Select(r => new Suggestion(Number(r.Number), $"{r.State.ToString().ToLowerInvariant()}, version {Number(r.Version)}"))
            .Prepend(new Suggestion(Names.Latest));

    /// <summary>Tasks of the run that the command line names.</summary>
    public static async Task<IEnumerable<Suggestion>> Tasks(CommandContext context, CancellationToken cancellationToken) =>
        Named(context, "pipeline") is not { } pipeline || Named(context, "run") is not { } run ? []
        : (await context.Client.Tasks.ListTasksAsync(context.Namespace, pipeline, run, Most, null, cancellationToken)).Items
            .Select(t => new Suggestion(t.Id, t.State.ToString().ToLowerInvariant()));

    /// <summary>Triggers of the pipeline that the command line names.</summary>
    public static async Task<IEnumerable<Suggestion>> Triggers(CommandContext context, CancellationToken cancellationToken) => Named(context, "pipeline") is not { } pipeline ? []
        : (await context.Client.Triggers.ListTriggersAsync(context.Namespace, pipeline, Most, null, cancellationToken)).Items
            .Select(t => new Suggestion(t.Id, t.Type.ToString().ToLowerInvariant()));

    /// <summary>Backfills of the pipeline that the command line names, newest first.</summary>
    public static async Task<IEnumerable<Suggestion>> Backfills(CommandContext context, CancellationToken cancellationToken) => Named(context, "pipeline") is not { } pipeline ? []
        : (await context.Client.Triggers.ListBackfillsAsync(context.Namespace, pipeline, limit: MostRuns, cancellationToken: cancellationToken)).Items
            .Select(b => new Suggestion(b.Id.ToString(), $"{b.State.ToString().ToLowerInvariant()}, {b.Trigger}"));

    /// <summary>Contexts of the settings file.</summary>
    public static Task<IEnumerable<Suggestion>> Contexts(CommandContext context, CancellationToken cancellationToken) => Task.FromResult(
        Settings.Read(context.Inputs).Contexts.Select(c => new Suggestion(c.Key, c.Value[SettingTable.Server]?.Text ?? "")));

    /// <summary>What was given for an argument of the command, or null.</summary>
    private static string? Named(CommandContext context, string argument) =>
        context.Parsed.CommandResult.Command.Arguments.FirstOrDefault(a => a.Name == argument) is { } found
        && context.Parsed.GetResult(found) is { Implicit: false, Tokens: [var token, ..] } ? token.Value : null;

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
