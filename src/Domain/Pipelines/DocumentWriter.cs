using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gofer.Domain.Pipelines;

/// <summary>
/// Writes a document in its one normal form: members in ordinal order at every level, defaults left out, arrays in the author's order.
/// Documents that mean the same are the same text, and reading it gives the document back.
/// </summary>
public static class DocumentWriter
{
    // Not for HTML: text stays readable. What JSON itself demands is escaped all the same.
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The normalised document as compact JSON.</summary>
    public static string Write(PipelineDocument document)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, _options))
        {
            json.WriteStartObject();
            Text(json, "description", document.Description);
            json.WriteString("id", document.Id);
            Map(json, "labels", document.Labels);
            if (document.Name != document.Id) Text(json, "name", document.Name);
            if (document.Parallelism != 0) json.WriteNumber("parallelism", document.Parallelism);
            json.WriteStartArray("tasks");
            foreach (var task in document.Tasks) Write(json, task);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>SHA-256 of a normalised document, in lower-case hexadecimal.</summary>
    public static string Hash(string normalised) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(normalised)));

    private static void Write(Utf8JsonWriter json, TaskDefinition task)
    {
        json.WriteStartObject();
        Flag(json, "allow_failure", task.AllowFailure);
        Flag(json, "always_pull_newest_image", task.AlwaysPullNewestImage);
        Words(json, "command", task.Command);
        Map(json, "depends_on", task.DependsOn.ToDictionary(d => d.Key, d => ConditionName(d.Value), StringComparer.Ordinal));
        Text(json, "description", task.Description);
        Words(json, "entrypoint", task.Entrypoint);
        json.WriteString("id", task.Id);
        json.WriteString("image", task.Image);
        if (task.RegistryAuth is { } login)
            Map(json, "registry_auth", new Dictionary<string, string> { ["user"] = login.User, ["pass"] = login.Pass });
        Resources(json, task.Resources);
        Text(json, "user", task.User);
        Map(json, "variables", task.Variables);
        Text(json, "working_dir", task.WorkingDir);
        json.WriteEndObject();
    }

    private static string ConditionName(ParentCondition condition) => condition switch
    {
        ParentCondition.Success => "success",
        ParentCondition.Failure => "failure",
        ParentCondition.Any => "any",
        _ => throw new ArgumentOutOfRangeException(nameof(condition), condition, "No such condition."),
    };

    private static void Resources(Utf8JsonWriter json, TaskResources resources)
    {
        if (resources is { Cpu: null, Memory: null }) return;
        json.WriteStartObject("resources");
        Text(json, "cpu", resources.Cpu);
        Text(json, "memory", resources.Memory);
        json.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter json, string name, string? text)
    {
        if (!string.IsNullOrEmpty(text)) json.WriteString(name, text);
    }

    private static void Flag(Utf8JsonWriter json, string name, bool value)
    {
        if (value) json.WriteBoolean(name, value);
    }

    private static void Words(Utf8JsonWriter json, string name, IReadOnlyList<string> words)
    {
        if (words.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var word in words) json.WriteStringValue(word);
        json.WriteEndArray();
    }

    private static void Map(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, string> map)
    {
        if (map.Count == 0) return;
        json.WriteStartObject(name);
        foreach (var (key, value) in map.OrderBy(e => e.Key, StringComparer.Ordinal)) json.WriteString(key, value);
        json.WriteEndObject();
    }
}
