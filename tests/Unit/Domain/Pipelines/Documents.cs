using System.Runtime.InteropServices;
using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Tests.Unit.Domain.Pipelines;

/// <summary>Short ways to read a document in a test and to look at how it was refused.</summary>
internal static class Documents
{
    internal static readonly JsonDocumentOptions AnyDepth = new() { MaxDepth = 100_000 };

    public static Result<PipelineDocument> Read(string json, DocumentLimits? limits = null)
    {
        using var document = JsonDocument.Parse(json, AnyDepth);
        return DocumentReader.Read(document.RootElement, limits ?? DocumentLimits.Default);
    }

    public static PipelineDocument Good(string json)
    {
        var result = Read(json);
        Assert.True(result.IsOk, result.Error?.ToString() + string.Join("; ", result.Error?.Faults ?? []));
        return result.Value;
    }

    public static TaskDefinition GoodTask(string members) => Good(OneTask(members)).Tasks[0];

    public static Error Refused(string json, DocumentLimits? limits = null) =>
        Read(json, limits).Error ?? throw new InvalidOperationException("The document was accepted.");

    public static string OneTask(string members) => $$"""{"id":"p","tasks":[{"id":"a","image":"busybox",{{members}}}]}""";

    public static string Tasks(params string[] tasks) => $$"""{"id":"p","tasks":[{{string.Join(",", tasks)}}]}""";

    /// <summary>A task that depends on the given parents.</summary>
    public static string Task(string id, params string[] parents) =>
        $$"""{"id":"{{id}}","image":"busybox","depends_on":{ {{string.Join(",", parents.Select(p => $"\"{p}\":\"success\""))}} } }""";

    /// <summary>Asserts that <paramref name="error"/> has the code and exactly this one fault, whose message holds the words.</summary>
    public static void IsOnly(Error error, string code, string pointer, string words)
    {
        Assert.Equal(code, error.Code);
        var fault = Assert.Single(error.Faults!);
        Assert.Equal(pointer, fault.Pointer);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
        Assert.Equal(code == ErrorCodes.MalformedRequest ? ErrorKind.Malformed : ErrorKind.Invalid, error.Kind);
    }

    /// <summary>Asserts that the document is refused as invalid for this one reason.</summary>
    public static void IsInvalid(string json, string pointer, string words) => IsOnly(Refused(json), ErrorCodes.ValidationFailed, pointer, words);

    /// <summary>Asserts that the document is refused as malformed for this one reason.</summary>
    public static void IsMalformed(string json, string pointer, string words) => IsOnly(Refused(json), ErrorCodes.MalformedRequest, pointer, words);

    /// <summary>Whether a pointer leads somewhere; where a member stands twice, through either.</summary>
    public static bool Leads(JsonElement root, string pointer)
    {
        IEnumerable<JsonElement> places = [root];
        foreach (var part in pointer.Split('/').Skip(1).Select(p => p.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)))
            places = [.. places.SelectMany(p => Children(p, part))];
        return places.Any();
    }

    private static IEnumerable<JsonElement> Children(JsonElement element, string part) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().Where(m => IsReadable(m) && m.NameEquals(part)).Select(m => m.Value),
        JsonValueKind.Array when int.TryParse(part, out var index) => element.EnumerateArray().Skip(index).Take(1),
        _ => [],
    };

    private static bool IsReadable(JsonProperty member) => JsonMarshal.GetRawUtf8PropertyName(member).IndexOf("\\ud800"u8) < 0;
}
