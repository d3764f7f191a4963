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
    private const string TasksPointer = "/tasks";

    /// <summary>
    /// Every difference, and none only where the normalised documents are the same: first the pipeline's own members, then the tasks of
    /// <paramref name="to"/> in their order, then those that went. A task that came or went is one change, and so is another order.
    /// </summary>
    public static IReadOnlyList<DocumentChange> Between(PipelineDocument? from, PipelineDocument to)
    {
        var (before, after) = (Side.Of(from), Side.Of(to));
        var changes = new List<DocumentChange>(Compare(before.Members, after.Members));

        var (kept, keptNow) = (before.Order.Where(after.Tasks.ContainsKey), after.Order.Where(before.Tasks.ContainsKey));
        if (!kept.SequenceEqual(keptNow, StringComparer.Ordinal)) changes.Add(new("changed", TasksPointer, Names(before.Order), Names(after.Order)));

        foreach (var id in after.Order)
        {
            var (pointer, task) = (Fault.At(TasksPointer, id), after.Tasks[id]);
            if (before.Tasks.TryGetValue(id, out var old)) changes.AddRange(Compare(Leaves(pointer, old), Leaves(pointer, task)));
            else changes.Add(new("added", pointer, null, task.GetRawText()));
        }

        foreach (var id in before.Order.Where(i => !after.Tasks.ContainsKey(i)))
            changes.Add(new("removed", Fault.At(TasksPointer, id), before.Tasks[id].GetRawText(), null));
        return changes;
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

    private sealed record Side(SortedDictionary<string, string> Members, IReadOnlyList<string> Order, Dictionary<string, JsonElement> Tasks)
    {
        public static Side Of(PipelineDocument? document)
        {
            if (document is null) return new([], [], []);

            // The normal form decides what is a difference, so the diff cannot disagree with the content hash.
            using var json = JsonDocument.Parse(DocumentWriter.Write(document));
            var root = json.RootElement.Clone();
            var members = Leaves("", root);
            members.Remove(TasksPointer);
            return new(members, [.. document.Tasks.Select(t => t.Id)],
                root.GetProperty("tasks").EnumerateArray().ToDictionary(t => t.GetProperty("id").GetString()!, StringComparer.Ordinal));
        }
    }
}
