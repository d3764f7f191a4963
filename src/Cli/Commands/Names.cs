using System.CommandLine;
using System.CommandLine.Parsing;
using Gofer.Cli.Completion;
using Gofer.Domain.Common;

namespace Gofer.Cli.Commands;

/// <summary>Arguments that name something: what can be no name is wrong usage, said before anything is sent.</summary>
internal static class Names
{
    /// <summary>The word for the newest run.</summary>
    public const string Latest = "latest";

    public static Argument<string> Namespace => new Argument<string>("namespace") { Description = "The namespace." }.Judged(Slug.Complaint).Suggests(Suggestions.Namespaces);

    public static Argument<string> Pipeline => new Argument<string>("pipeline") { Description = "The pipeline." }.Judged(Slug.Complaint).Suggests(Suggestions.Pipelines);

    /// <summary>A pipeline that another option may stand in place of.</summary>
    public static Argument<string?> PipelineOrNone =>
        new Argument<string?>("pipeline") { Description = "The pipeline.", DefaultValueFactory = _ => null }.Judged(Slug.Complaint).Suggests(Suggestions.Pipelines);

    public static Argument<string?> PipelineOrAll =>
        new Argument<string?>("pipeline") { Description = "All of the namespace where none is given.", DefaultValueFactory = _ => null }.Judged(Slug.Complaint).Suggests(Suggestions.Pipelines);

    public static Argument<string> Run => new Argument<string>("run") { Description = "The run's number, or latest." }.Judged(RunComplaint).Suggests(Suggestions.Runs);

    public static Argument<string> RunOrLatest =>
        new Argument<string>("run") { Description = "The run's number, or latest.", DefaultValueFactory = _ => Latest }.Judged(RunComplaint).Suggests(Suggestions.Runs);

    public static Argument<string> Task => new Argument<string>("task") { Description = "The task." }.Judged(TaskComplaint).Suggests(Suggestions.Tasks);

    public static Argument<string?> TaskOrAll =>
        new Argument<string?>("task") { Description = "The task; all of them where none is given.", DefaultValueFactory = _ => null }.Judged(TaskComplaint).Suggests(Suggestions.Tasks);

    public static Argument<string> Trigger => new Argument<string>("trigger") { Description = "The trigger." }.Judged(Slug.Complaint).Suggests(Suggestions.Triggers);

    /// <summary>A version that must be named.</summary>
    public static Argument<int> Version => new Argument<int>("version") { Description = "The version's number." }.Suggests(Suggestions.Versions);

    /// <summary>Lets an option be one of these words, which completion offers.</summary>
    public static void MustBeOneOf(this Option option, params string[] words)
    {
        option.CompletionSources.Add(words);
        option.Validators.Add(result => Judge(result, option.Name, text => words.Contains(text)
            ? null
            : $"is {Shown.Quoted(text)}; it must be one of {string.Join(", ", words)}.{(Nearest.Of(text, words) is { } near ? $" Did you mean '{near}'?" : "")}"));
    }

    /// <summary>Refuses what <paramref name="complaint"/> complains of.</summary>
    internal static T Judged<T>(this T argument, Func<string, string?> complaint)
        where T : Argument
    {
        argument.Validators.Add(result => Judge(result, $"The {argument.Name}", complaint));
        return argument;
    }

    private static void Judge(SymbolResult result, string what, Func<string, string?> complaint)
    {
        foreach (var token in result.Tokens)
        {
            if (complaint(token.Value) is { } wrong) result.AddError($"{what} {wrong}");
        }
    }

    private static string? RunComplaint(string text) =>
        text == Latest || (text.Length > 0 && text.All(char.IsAsciiDigit)) ? null : $"{Shown.Quoted(text)} must be a number, or {Latest}.";

    /// <summary>A task's id, or that of one of its instances: <c>extract.2</c>.</summary>
    private static string? TaskComplaint(string text)
    {
        var dot = text.LastIndexOf('.');
        var isInstance = dot > 0 && dot < text.Length - 1 && text.AsSpan(dot + 1).ContainsAnyExceptInRange('0', '9') is false;
        return Slug.Complaint(isInstance ? text[..dot] : text);
    }
}
