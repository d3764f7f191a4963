using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gofer.Sdk;

/// <summary>
/// A pipeline as code. Build it, then <see cref="Print()"/> it: <c>gofer up</c> runs the program and registers what it prints. What types
/// cannot hold, the server judges, with its own messages.
/// </summary>
public sealed class Pipeline
{
    private readonly List<PipelineTask> _tasks = [];
    private readonly SortedDictionary<string, string> _labels = new(StringComparer.Ordinal);
    private string _description = "";
    private int _parallelism;

    /// <summary>A pipeline; <paramref name="id"/> is its name on the server, <paramref name="name"/> its title.</summary>
    /// <exception cref="ArgumentException">The id is not 1–63 of letters, digits, '-' and '_', starting with a letter or digit.</exception>
    public Pipeline(string id, string? name = null) => (Id, Name) = (Ids.Check(id), name ?? id);

    /// <summary>The pipeline's name on the server.</summary>
    public string Id { get; }

    /// <summary>Its title.</summary>
    public string Name { get; }

    /// <summary>Its tasks so far, in order.</summary>
    public IReadOnlyList<PipelineTask> Tasks => _tasks;

    /// <summary>Says what the pipeline is for.</summary>
    public Pipeline Describe(string description)
    {
        _description = description;
        return this;
    }

    /// <summary>Adds a label that every run carries.</summary>
    public Pipeline Label(string key, string value)
    {
        _labels[key] = value;
        return this;
    }

    /// <summary>Lets at most so many runs be active at a time; 0 sets no limit.</summary>
    public Pipeline Parallelism(int runs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(runs);
        _parallelism = runs;
        return this;
    }

    /// <summary>Adds a task.</summary>
    /// <exception cref="ArgumentException">The id is not valid, or another task has it.</exception>
    public PipelineTask Task(string id, string image)
    {
        Ids.Check(id);
        if (_tasks.Exists(t => t.Id == id)) throw new ArgumentException($"The pipeline '{Id}' has a task '{id}' already.", nameof(id));
        var task = new PipelineTask(this, id, image);
        _tasks.Add(task);
        return task;
    }

    /// <summary>The document as JSON; the same pipeline always gives the same text.</summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("id", Id);
            json.WriteString("name", Name);
            if (_description.Length > 0) json.WriteString("description", _description);
            if (_parallelism > 0) json.WriteNumber("parallelism", _parallelism);
            Json.WriteMap(json, "labels", _labels);
            json.WriteStartArray("tasks");
            foreach (var task in _tasks) task.Write(json);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Writes the document to standard output.</summary>
    public void Print() => Print(Console.Out);

    /// <summary>Writes the document to <paramref name="output"/>.</summary>
    public void Print(TextWriter output) => output.WriteLine(ToJson());
}

/// <summary>The rule for names.</summary>
internal static class Ids
{
    public static string Check(string id)
    {
        var good = id.Length is > 0 and <= 63 && char.IsAsciiLetterOrDigit(id[0]) && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        return good ? id : throw new ArgumentException($"'{id}' is no valid id: 1 to 63 letters, digits, '-' or '_', the first a letter or digit.", nameof(id));
    }
}

/// <summary>Writes what documents have in common.</summary>
internal static class Json
{
    public static void WriteMap(Utf8JsonWriter json, string name, IReadOnlyCollection<KeyValuePair<string, string>> map)
    {
        if (map.Count == 0) return;
        json.WriteStartObject(name);
        foreach (var (key, value) in map) json.WriteString(key, value);
        json.WriteEndObject();
    }

    public static void WriteList(Utf8JsonWriter json, string name, IReadOnlyCollection<string> list)
    {
        if (list.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var item in list) json.WriteStringValue(item);
        json.WriteEndArray();
    }
}
