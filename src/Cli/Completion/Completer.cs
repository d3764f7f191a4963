using System.CommandLine;
using Gofer.Cli.Commands;
using Gofer.Cli.Configuration;

namespace Gofer.Cli.Completion;

/// <summary>
/// Says which words may stand next on a command line. Whoever presses TAB wants no complaint: where the server does not answer soon, or a
/// setting is wrong, there is nothing to suggest.
/// </summary>
internal static class Completer
{
    /// <summary>Stands for the names of files, which the shell knows better.</summary>
    public const string Files = ":files";

    private static readonly HashSet<string> s_ofFiles = ["PATH", "FILE", "FOLDER", "DIR"];

    /// <summary>The words for the last of <paramref name="words"/>, which may be empty; those before it are as they were typed.</summary>
    public static async Task<IReadOnlyList<Suggestion>> CompleteAsync(IReadOnlyList<string> words, CancellationToken cancellationToken)
    {
        if (words.Count == 0) return [];
        var (before, word) = (words.Take(words.Count - 1).ToList(), words[^1]);
        // Shells that part words at '=' ask for the value with that as a word of its own.
        if (word == "=") word = "";
        else if (before is [.., "="]) before.RemoveAt(before.Count - 1);
        var prefix = "";
        if (word.StartsWith("--", StringComparison.Ordinal) && word.IndexOf('=', StringComparison.Ordinal) is var equals and > 0)
        {
            (prefix, word) = (word[..(equals + 1)], word[(equals + 1)..]);
            before.Add(prefix[..^1]);
        }

        var parsed = App.Root().Parse(before);
        var found = parsed.UnmatchedTokens.Count > 0 ? [] : await FindAsync(parsed, before, word, cancellationToken);
        return [.. found.Where(s => s.Word == Files || s.Word.StartsWith(word, StringComparison.Ordinal)).Select(s => s.Word == Files ? s : s with { Word = prefix + s.Word })];
    }

    private static async Task<IEnumerable<Suggestion>> FindAsync(ParseResult parsed, List<string> before, string word, CancellationToken cancellationToken)
    {
        var command = parsed.CommandResult.Command;
        var isOver = before.Contains("--");
        var options = HelpPage.Above(command).SelectMany(c => c.Options.Where(o => !o.Hidden && (o.Recursive || c == command))).ToList();
        if (!isOver && before.Count > 0 && options.FirstOrDefault(o => o.Name == before[^1] || o.Aliases.Contains(before[^1])) is { } option && option.Arity.MinimumNumberOfValues > 0)
        {
            return await ValuesAsync(option, parsed, cancellationToken);
        }

        if (!isOver && word.StartsWith('-'))
        {
            return options.Where(o => o.Arity.MaximumNumberOfValues > 1 || parsed.GetResult(o) is not { Implicit: false }).Select(o => new Suggestion(o.Name, Summary(o.Description)));
        }

        var given = command.Arguments.Sum(a => parsed.GetResult(a)?.Tokens.Count ?? 0);
        var verbs = given == 0 && !isOver ? command.Subcommands.Where(c => !c.Hidden).Select(c => new Suggestion(c.Name, Summary(c.Description))) : [];
        var argument = command.Arguments.ElementAtOrDefault(given) ?? command.Arguments.LastOrDefault(a => a.Arity.MaximumNumberOfValues > 1);
        return argument is null ? verbs : verbs.Concat(await ValuesAsync(argument, parsed, cancellationToken));
    }

    private static async Task<IEnumerable<Suggestion>> ValuesAsync(Symbol symbol, ParseResult parsed, CancellationToken cancellationToken)
    {
        var shown = (symbol switch { Option o => o.HelpName, Argument a => a.HelpName, _ => null } ?? symbol.Name).TrimStart('-').ToUpperInvariant();
        if (s_ofFiles.Contains(shown)) return [new Suggestion(Files)];
        var context = new CommandContext(parsed);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Settings.Read(context.Inputs).Span(SettingTable.CompletionTimeout));
        try
        {
            return [.. await Suggestions.OfAsync(symbol, context, patience.Token)];
        }
        catch (Exception e) when (e is CommandException or Refit.ApiException or Refit.ApiRequestException or HttpRequestException or OperationCanceledException or ArgumentException or IOException)
        {
            return [];
        }
    }

    /// <summary>The first sentence, as there is room for.</summary>
    private static string Summary(string? description) => description is null ? ""
        : description.IndexOf(". ", StringComparison.Ordinal) is var end and > 0 ? description[..end] : description.TrimEnd('.');
}
