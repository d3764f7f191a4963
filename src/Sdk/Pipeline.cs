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
    private readonly List<Param> _params = [];
    private readonly SortedDictionary<string, string> _labels = new(StringComparer.Ordinal);
    private List<(string Id, object Setting)>? _triggers;
    private List<(string Id, object Setting)>? _notifications;
    private string _description = "";
    private int _parallelism;
    private int _priority;
    private OnLimit _onLimit;
    private TimeSpan? _timeout;

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

    /// <summary>Says what becomes of a run that finds <see cref="Parallelism"/> others active.</summary>
    public Pipeline OnLimit(OnLimit policy)
    {
        _onLimit = policy;
        return this;
    }

    /// <summary>Stops a run that takes longer, from 100 ms to 30 days, counted from its start; it fails as <c>run_timeout</c>.</summary>
    public Pipeline Timeout(TimeSpan limit)
    {
        _timeout = Durations.Check(limit);
        return this;
    }

    /// <summary>Sets the priority of its runs, -100 to 100; higher goes first, 0 is the usual.</summary>
    public Pipeline Priority(int priority)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(priority, -100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(priority, 100);
        _priority = priority;
        return this;
    }

    /// <summary>
    /// Declares a parameter that runs may give: a <see cref="string"/>, a <see cref="long"/> or <see cref="int"/>, a <see cref="double"/> or a
    /// <see cref="bool"/>. Put it where its value is wanted: <c>task.Env("REGION", region)</c>, or inside a key as <c>$"db-{region}"</c>.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="standing">Its value where a run gives none.</param>
    /// <param name="choices">The values that it may have; none allows all of the type.</param>
    /// <param name="description">What it is for.</param>
    public Param<T> Param<T>(string name, T standing, IEnumerable<T>? choices = null, string? description = null)
        where T : notnull => Declare(new Param<T>(name, standing, choices, description));

    /// <summary>Declares a parameter that every run must give.</summary>
    public Param<T> RequiredParam<T>(string name, IEnumerable<T>? choices = null, string? description = null)
        where T : notnull => Declare(new Param<T>(name, null, choices, description));

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

    /// <summary>
    /// Adds a task that is a shared one: <paramref name="uses"/> names it with a major version, <c>lint@2</c>, or a minor one, <c>lint@2.1</c>, and the newest below
    /// that runs. <see cref="PipelineTask.Input(string, string)"/> says what it gets; image, command and what belongs to them it brings.
    /// </summary>
    /// <exception cref="ArgumentException">The id is not valid, or another task has it; or no version is named.</exception>
    public PipelineTask Uses(string id, string uses)
    {
        ArgumentNullException.ThrowIfNull(uses);
        if (!uses.Contains('@', StringComparison.Ordinal)) throw new ArgumentException($"The task '{id}' uses '{uses}'; a shared task is named with a version, such as lint@2 or lint@2.1.", nameof(uses));
        var task = Task(id, "");
        return task.OfShared(uses);
    }

    /// <summary>
    /// Declares what starts runs by itself while the version is live. A document that declares no trigger leaves alone those that an earlier one declared;
    /// <see cref="NoTriggers"/> ends them.
    /// </summary>
    /// <exception cref="ArgumentException">The id is not valid, or another trigger has it.</exception>
    public Pipeline Trigger(string id, Trigger trigger) => Add(ref _triggers, id, trigger, "trigger");

    /// <summary>Says that none is to be left of the triggers that earlier documents declared.</summary>
    public Pipeline NoTriggers()
    {
        _triggers = [];
        return this;
    }

    /// <summary>
    /// Declares who is told of what while the version is live. A document that declares no notification leaves alone those that an earlier one declared;
    /// <see cref="NoNotifications"/> ends them.
    /// </summary>
    /// <exception cref="ArgumentException">The id is not valid, or another notification has it.</exception>
    public Pipeline Notification(string id, Notification notification) => Add(ref _notifications, id, notification, "notification");

    /// <summary>Says that none is to be left of the notifications that earlier documents declared.</summary>
    public Pipeline NoNotifications()
    {
        _notifications = [];
        return this;
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
            if (_onLimit != Sdk.OnLimit.Queue) json.WriteString("on_limit", _onLimit == Sdk.OnLimit.Skip ? "skip" : "cancel_oldest");
            if (_timeout is { } timeout) json.WriteString("timeout", Durations.Text(timeout));
            if (_priority != 0) json.WriteNumber("priority", _priority);
            if (_params.Count > 0)
            {
                json.WriteStartArray("params");
                foreach (var parameter in _params) parameter.Write(json);
                json.WriteEndArray();
            }

            Json.WriteMap(json, "labels", _labels);
            Settings.Write(json, "triggers", _triggers);
            Settings.Write(json, "notifications", _notifications);
            json.WriteStartArray("tasks");
            foreach (var task in _tasks) task.Write(json);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Whether <paramref name="parameter"/> was declared here.</summary>
    internal bool Declares(Param parameter) => _params.Contains(parameter);

    private Pipeline Add(ref List<(string Id, object Setting)>? settings, string id, object setting, string kind)
    {
        ArgumentNullException.ThrowIfNull(setting);
        Ids.Check(id);
        settings ??= [];
        if (settings.Exists(s => s.Id == id)) throw new ArgumentException($"The pipeline '{Id}' has a {kind} '{id}' already.", nameof(id));
        settings.Add((id, setting));
        return this;
    }

    private Param<T> Declare<T>(Param<T> parameter)
        where T : notnull
    {
        if (_params.Exists(p => p.Name == parameter.Name)) throw new ArgumentException($"The pipeline '{Id}' has a parameter '{parameter.Name}' already.", nameof(parameter));
        _params.Add(parameter);
        return parameter;
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
