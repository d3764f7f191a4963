using System.Text.Json;
using Gofer.Domain.Pipelines;
using Json.Schema;

namespace Gofer.Tests.Unit.Domain.Pipelines;

/// <summary>The document's schema as a program that did not write it understands it.</summary>
internal sealed class Schema
{
    private static readonly EvaluationOptions s_options = new() { OutputFormat = OutputFormat.List };

    private readonly JsonSchema _schema;
    private readonly JsonElement _text;

    private Schema(string text)
    {
        // Two schemas of one name cannot be known at a time.
        using var json = JsonDocument.Parse(text.Replace(PipelineSchema.Id, $"urn:test:{Guid.CreateVersion7()}", StringComparison.Ordinal));
        (_text, _schema) = (json.RootElement.Clone(), JsonSchema.FromText(json.RootElement.GetRawText()));
    }

    /// <summary>The one with the contract's limits.</summary>
    public static Schema Default { get; } = new(PipelineSchema.Write(DocumentLimits.Default));

    public static Schema Of(string text) => new(text);

    public bool Accepts(string document, out string why)
    {
        using var json = JsonDocument.Parse(document, Documents.AnyDepth);
        var result = _schema.Evaluate(json.RootElement, s_options);
        why = result.IsValid ? "" : string.Join("; ", (result.Details ?? []).Where(d => d.Errors is not null).SelectMany(d => d.Errors!.Select(e => $"{d.InstanceLocation} {e.Value}")));
        return result.IsValid;
    }

    /// <summary>The names of the members of every object that has a fixed set of them, by where it is.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Objects() => Objects(_ => true);

    /// <summary>The same without the members that this version does not act on.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Supported() =>
        Objects(member => !(member.TryGetProperty("$comment", out var comment) && comment.GetString() == PipelineSchema.NotSupported));

    private Dictionary<string, IReadOnlyList<string>> Objects(Func<JsonElement, bool> counts)
    {
        var found = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        Visit("", _text);
        foreach (var definition in _text.GetProperty("$defs").EnumerateObject()) Visit(definition.Name, definition.Value);
        return found;

        void Visit(string place, JsonElement schema)
        {
            if (!schema.TryGetProperty("properties", out var members)) return;
            found[place] = [.. members.EnumerateObject().Where(m => counts(m.Value)).Select(m => m.Name)];
            foreach (var member in members.EnumerateObject()) Visit(place.Length == 0 ? member.Name : $"{place}/{member.Name}", member.Value);
        }
    }
}
