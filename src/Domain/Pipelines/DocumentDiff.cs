using System.Text.Json;
using Gofer.Domain.Common;

namespace Gofer.Domain.Pipelines;

/// <summary>
/// One difference: <see cref="Kind"/> is <c>added</c>, <c>removed</c> or <c>changed</c>, <see cref="From"/> and <see cref="To"/> are compact
/// JSON, null where there is nothing on that side. A task stands in the pointer by its id: <c>/tasks/extract/image</c>.
/// </summary>
public sealed record DocumentChange(string Kind, string Pointer, string? From, string? To);

/// <summary>What one version of a pipeline changes in another.</summary>
public static class DocumentDiff
{
    private const string Tasks = "tasks";

    /// <summary>The lists whose items have ids; the order of all but the tasks says nothing, and their normal form has them ordered.</summary>
    private static readonly string[] s_lists = ["triggers", "notifications", Tasks];

    /// <summary>
    /// Every difference, and none only where the normalised documents are the same: first the pipeline's own members, then its triggers, notifications and
    /// tasks, those of <paramref name="to"/> in their order, then those that went. One that came or went is one change, and so is another order of tasks.
    /// </summary>
    public static IReadOnlyList<DocumentChange> Between(PipelineDocument? from, PipelineDocument to)
    {
        var (before, after) = (Side.Of(from), Side.Of(to));
        var changes = new List<DocumentChange>(Compare(before.Members, after.Members));
        foreach (var list in s_lists) changes.AddRange(Compare(Fault.At("", list), before.Lists.GetValueOrDefault(list), after.Lists.GetValueOrDefault(list)));
        return changes;
    }

    private static IEnumerable<DocumentChange> Compare(string at, Items? before, Items? after)
    {
        // None at all is another thing than an empty list: the one leaves what there is alone, the other wants nothing there.
        if (after is null)
        {
            if (before is not null) yield return new("removed", at, before.Text, null);
            yield break;
        }

        if (before is null && after.ById.Count == 0) yield return new("added", at, null, after.Text);
        before ??= Items.None;
        var (kept, keptNow) = (before.Order.Where(after.ById.ContainsKey), after.Order.Where(before.ById.ContainsKey));
        if (!kept.SequenceEqual(keptNow, StringComparer.Ordinal)) yield return new("changed", at, Names(before.Order), Names(after.Order));

        foreach (var id in after.Order)
        {
            var (pointer, item) = (Fault.At(at, id), after.ById[id]);
            if (!before.ById.TryGetValue(id, out var old)) yield return new("added", pointer, null, item.GetRawText());
            else foreach (var change in Compare(Leaves(pointer, old), Leaves(pointer, item))) yield return change;
        }

        foreach (var id in before.Order.Where(i => !after.ById.ContainsKey(i)))
            yield return new("removed", Fault.At(at, id), before.ById[id].GetRawText(), null);
    }

    private static IEnumerable<DocumentChange> Compare(SortedDictionary<string, string> before, SortedDictionary<string, string> after)
    {
        foreach (var pointer in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
        {
            var (from, to) = (before.GetValueOrDefault(pointer), after.GetValueOrDefault(pointer));
            if (from != to) yield return new(from is null ? "added" : to is null ? "removed" : "changed", pointer, from, to);
        }
    }

    /// <summary>Each value that is no object, by its pointer: a variable is compared by itself, a command as a whole.</summary>
    private static SortedDictionary<string, string> Leaves(string pointer, JsonElement value)
    {
        var leaves = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Gather(pointer, value);
        return leaves;

        void Gather(string at, JsonElement element)
        {
            if (element.ValueKind != JsonValueKind.Object) leaves[at] = element.GetRawText();
            else foreach (var member in element.EnumerateObject()) Gather(Fault.At(at, member.Name), member.Value);
        }
    }

    private static string Names(IEnumerable<string> ids) => JsonSerializer.Serialize(ids);

    private sealed record Items(string Text, IReadOnlyList<string> Order, Dictionary<string, JsonElement> ById)
    {
        public static Items None { get; } = new("[]", [], []);

        public static Items Of(JsonElement list)
        {
            var byId = list.EnumerateArray().ToDictionary(t => t.GetProperty("id").GetString()!, StringComparer.Ordinal);
            return new(list.GetRawText(), [.. list.EnumerateArray().Select(t => t.GetProperty("id").GetString()!)], byId);
        }
    }

    private sealed record Side(SortedDictionary<string, string> Members, IReadOnlyDictionary<string, Items> Lists)
    {
        public static Side Of(PipelineDocument? document)
        {
            if (document is null) return new([], new Dictionary<string, Items> { [Tasks] = Items.None });

            // The normal form decides what is a difference, so the diff cannot disagree with the content hash.
            using var json = JsonDocument.Parse(DocumentWriter.Write(document));
            var root = json.RootElement.Clone();
            var members = Leaves("", root);
            foreach (var list in s_lists) members.Remove(Fault.At("", list));
            return new(members, s_lists.Where(l => root.TryGetProperty(l, out _)).ToDictionary(l => l, l => Items.Of(root.GetProperty(l)), StringComparer.Ordinal));
        }
    }
}
