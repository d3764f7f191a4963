using System.Text;
using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.SharedTasks;

namespace Gofer.Domain.Pipelines;

/// <summary>Reads how a task uses a shared one. Whether there is such a one, and takes these inputs, is for whoever knows them.</summary>
internal static class SharedUse
{
    /// <summary>What the shared task says of its container, and its users therefore do not.</summary>
    public static string[] Brought { get; } = ["image", "entrypoint", "command", "working_dir", "user", "registry_auth", "always_pull_newest_image"];

    /// <summary>What is used, in its normal form; null for a task with a container of its own.</summary>
    public static string? Read(JsonFields task)
    {
        var (uses, with) = (task["uses"], task["with"]);
        if (uses.Text() is not { Length: > 0 } text)
        {
            if (!with.IsEmpty) with.Invalid("'with' is for a shared task, and the task names none in 'uses'.");
            return null;
        }

        foreach (var member in Brought.Select(name => task[name]).Where(m => !m.IsEmpty && !IsFalse(m)))
        {
            member.Invalid($"{member.Label} does not stand beside 'uses': the shared task brings its own.");
        }

        if (TaskUse.Parse(text, out var complaint) is { } use) return use.ToString();
        uses.Invalid($"'uses' is {Shown.Quoted(text)} and {complaint}.");
        return text;
    }

    /// <summary>What it gets. <paramref name="interpolates"/> judges a value that may stand for another one.</summary>
    public static IReadOnlyDictionary<string, JsonElement> With(JsonFields task, DocumentLimits limits, Action<JsonValue, string> interpolates)
    {
        var member = task["with"];
        var entries = member.Entries("""{"path": "src"}""");
        if (entries.Count == 0) return TaskDefinition.NoInputs;
        if (entries.Count > limits.Params) member.Invalid($"There are {entries.Count} inputs; at most {limits.Params} are allowed.");
        var values = new Dictionary<string, JsonElement>(entries.Count, StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (Slug.Complaint(entry.Name) is { } complaint) entry.Invalid($"The name of an input {complaint}");
            if (entry.Scalar() is not { } value) continue;
            if (value.ValueKind == JsonValueKind.String && entry.Text() is { } text) Judge(entry, text, limits, interpolates);
            values[entry.Name] = value.Clone();
        }

        return values;
    }

    private static void Judge(JsonValue entry, string text, DocumentLimits limits, Action<JsonValue, string> interpolates)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        if (bytes > limits.VariableBytes) entry.Invalid($"{entry.Label} is {bytes} bytes long; at most {limits.VariableBytes} are allowed in an input.");
        if (Interpolation.Parse(text) is not null)
        {
            interpolates(entry, text);
            return;
        }

        foreach (var (kind, key) in Interpolation.Split(text))
        {
            if (kind == Interpolation.Matrix) entry.Invalid($"{entry.Label} holds matrix{{{{{Shown.Of(key)}}}}}: only param{{{{x}}}} stands inside an input. An instance has its matrix as variables.");
            else if (kind == Interpolation.Param) interpolates(entry, $"{kind}{{{{{key}}}}}");
        }
    }

    private static bool IsFalse(JsonValue member) => member.Name == "always_pull_newest_image" && member.Raw() is { ValueKind: JsonValueKind.False };
}
