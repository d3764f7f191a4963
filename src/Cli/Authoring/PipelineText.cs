using System.Globalization;
using System.Text;
using System.Text.Json;
using Gofer.Domain.Common;

namespace Gofer.Cli.Authoring;

/// <summary>
/// A pipeline document with the text that it came from, so that a complaint can be shown where it belongs; <paramref name="Name"/> is what a
/// sentence calls it. Of what a program printed nobody has the text: <paramref name="IsPrinted"/>.
/// </summary>
internal sealed record PipelineText(string Name, string Text, bool IsPrinted)
{
    private const string Least = """{"id": "hello", "tasks": [{"id": "hello", "image": "busybox:latest", "command": ["echo", "hello"]}]}""";

    /// <summary>The document as JSON.</summary>
    public JsonElement Document { get; private init; }

    /// <summary>Reads the text; what is no JSON is shown with its line.</summary>
    public static Result<PipelineText> Parse(string name, string text, bool isPrinted)
    {
        var source = new PipelineText(name, text, isPrinted);
        if (string.IsNullOrWhiteSpace(text)) return Error.Malformed("", source.Said(isPrinted ? $"'{name}' printed nothing." : $"{name} is empty. The least that a pipeline is:\n  {Least}"));
        try
        {
            using var json = JsonDocument.Parse(text);
            return source with { Document = json.RootElement.Clone() };
        }
        catch (JsonException e)
        {
            var (line, column) = ((int)(e.LineNumber ?? 0) + 1, source.Column((int)(e.LineNumber ?? 0), (int)(e.BytePositionInLine ?? 0)));
            var what = isPrinted ? $"What '{name}' printed" : name;
            return Error.Malformed("", source.Said(string.Create(
                CultureInfo.InvariantCulture, $"{what} is not JSON: line {line}, column {column}: {Words(e.Message)}\n{source.Excerpt(line, column)}")));
        }
    }

    /// <summary>Where the value of an RFC 6901 pointer stands, or what is there of the way to it; null where no place of the text is worth showing.</summary>
    public (int Line, int Column)? Place(string pointer) => IsPrinted ? null : JsonPlaces.Find(Text, pointer);

    /// <summary>The line with its number, and below it a mark at the column.</summary>
    public string Excerpt(int line, int column)
    {
        const int width = 100;
        var shown = Shown.Cut(Line(line - 1).Replace('\t', ' '), width);
        var number = line.ToString(CultureInfo.InvariantCulture);
        var mark = column <= width ? $"\n  {new string(' ', number.Length)} | {new string(' ', Math.Max(0, column - 1))}^" : "";
        return $"  {number} | {shown}{mark}";
    }

    private string Said(string complaint) => IsPrinted
        ? $"{complaint.TrimEnd()}\n  A pipeline's program prints the document, and nothing else, to standard output; what else it says belongs to standard error. Nothing was registered."
        : complaint;

    private string Line(int index) => Text.Split('\n').ElementAtOrDefault(index)?.TrimEnd('\r') ?? "";

    private int Column(int line, int bytes)
    {
        var text = Encoding.UTF8.GetBytes(Line(line));
        return Encoding.UTF8.GetCharCount(text, 0, Math.Min(bytes, text.Length)) + 1;
    }

    /// <summary>The parser speaks of readers and payloads; the frequent ones of its complaints in words of JSON.</summary>
    private static string Words(string message)
    {
        var said = message.Split(" LineNumber:")[0].Split(" Path:")[0];
        return said switch
        {
            _ when said.Contains("trailing comma", StringComparison.Ordinal) => "the comma before this is one too many.",
            _ when said.StartsWith("'/' is an invalid", StringComparison.Ordinal) || said.StartsWith("'#' is an invalid", StringComparison.Ordinal) => "JSON has no comments.",
            _ when said.Contains("invalid start of a property name", StringComparison.Ordinal) => "a name in double quotes must stand here.",
            _ when said.Contains("invalid after a value", StringComparison.Ordinal) => "a comma is missing before this, or a bracket that closes.",
            _ when said.Contains("end of data", StringComparison.Ordinal) && !said.Contains("Expected end of data", StringComparison.Ordinal) => "it ends before every bracket and quote is closed.",
            _ when said.Contains("open JSON object or array", StringComparison.Ordinal) => "it ends before every bracket is closed.",
            _ when said.Contains("after a single JSON value", StringComparison.Ordinal) => "the document ended before this, and nothing may follow it.",
            _ => said,
        };
    }
}
