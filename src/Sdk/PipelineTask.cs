using System.Text.Json;

namespace Gofer.Sdk;

/// <summary>
/// A task: a container, or a shared one. Dependencies name task objects, never strings, and only tasks that exist already: an unknown parent or a cycle cannot
/// be written.
/// </summary>
public sealed class PipelineTask
{
    private readonly Pipeline _pipeline;
    private readonly List<(PipelineTask Parent, string Condition)> _parents = [];
    private readonly SortedDictionary<string, string> _variables = new(StringComparer.Ordinal);
    private IReadOnlyList<string> _entrypoint = [];
    private IReadOnlyList<string> _command = [];
    private readonly SortedDictionary<string, Action<Utf8JsonWriter>> _inputs = new(StringComparer.Ordinal);
    private string? _uses;
    private string? _description;
    private string? _workingDir;
    private string? _user;
    private string? _cpu;
    private string? _memory;
    private (string User, string Pass)? _auth;
    private bool _injectApiToken;
    private bool _alwaysPull;
    private bool _allowFailure;
    private readonly SortedDictionary<string, IReadOnlyList<string>> _matrix = new(StringComparer.Ordinal);
    private TimeSpan? _timeout;
    private (string Key, int Limit)? _concurrency;
    private Action<Utf8JsonWriter>? _retry;

    internal PipelineTask(Pipeline pipeline, string id, string image) => (_pipeline, Id, Image) = (pipeline, id, image);

    /// <summary>The task's name in its pipeline.</summary>
    public string Id { get; }

    /// <summary>Its image; empty where it is a shared task.</summary>
    public string Image { get; }

    /// <summary>Says what the task is for.</summary>
    public PipelineTask Describe(string description) => With(() => _description = description);

    /// <summary>Starts after every one of <paramref name="parents"/> succeeded.</summary>
    public PipelineTask After(params ReadOnlySpan<PipelineTask> parents) => Depend(parents, "success");

    /// <summary>Starts only where every one of <paramref name="parents"/> failed.</summary>
    public PipelineTask AfterFailureOf(params ReadOnlySpan<PipelineTask> parents) => Depend(parents, "failure");

    /// <summary>Starts after <paramref name="parents"/> succeeded, failed or were skipped.</summary>
    public PipelineTask AfterAny(params ReadOnlySpan<PipelineTask> parents) => Depend(parents, "any");

    /// <summary>Sets an environment variable.</summary>
    /// <exception cref="ArgumentException">The name is empty, holds '=', or starts with GOFER_, as the system's own do.</exception>
    public PipelineTask Env(string name, string value)
    {
        if (name.Length == 0 || name.Contains('=', StringComparison.Ordinal) || name.StartsWith("GOFER_", StringComparison.Ordinal))
        {
            throw new ArgumentException($"'{name}' cannot be a variable: it must have a name without '=' that does not start with GOFER_.", nameof(name));
        }

        return With(() => _variables[name] = value);
    }

    /// <summary>Sets an environment variable to what the run gives for a parameter of this pipeline.</summary>
    /// <exception cref="ArgumentException">The parameter is another pipeline's.</exception>
    public PipelineTask Env(string name, Param value) => Env(name, Own(value));

    /// <summary>Gives the shared task an input: a text, in which parameters may stand, or a secret such as <c>pipeline_secret{{key}}</c>.</summary>
    /// <exception cref="InvalidOperationException">The task is no shared one.</exception>
    public PipelineTask Input(string name, string value) => Gives(name, json => json.WriteStringValue(value));

    /// <inheritdoc cref="Input(string, string)"/>
    public PipelineTask Input(string name, long value) => Gives(name, json => json.WriteNumberValue(value));

    /// <inheritdoc cref="Input(string, string)"/>
    public PipelineTask Input(string name, double value) => Gives(name, json => json.WriteNumberValue(value));

    /// <inheritdoc cref="Input(string, string)"/>
    public PipelineTask Input(string name, bool value) => Gives(name, json => json.WriteBooleanValue(value));

    /// <summary>Gives the shared task what the run gives for a parameter of this pipeline.</summary>
    /// <exception cref="ArgumentException">The parameter is another pipeline's.</exception>
    public PipelineTask Input(string name, Param value) => Input(name, Own(value));

    /// <summary>Stops an attempt that takes longer, from 100 ms to 30 days, counted from its container's start.</summary>
    public PipelineTask Timeout(TimeSpan limit) => With(() => _timeout = Durations.Check(limit));

    /// <summary>
    /// Tries a failure again, up to <paramref name="attempts"/> times in all. The wait is drawn evenly from nothing to
    /// <paramref name="initialDelay"/> (1 s), which grows by <paramref name="factor"/> with each failure up to <paramref name="maxDelay"/> (5 min).
    /// </summary>
    /// <param name="attempts">Attempts in all, 1 to 100; the first counts.</param>
    /// <param name="initialDelay">The longest wait after the first failure, at most 7 days.</param>
    /// <param name="factor">From 1 to 10.</param>
    /// <param name="maxDelay">The longest wait of all, at most 7 days.</param>
    /// <param name="on">The failures that are tried again; all where none is named.</param>
    /// <param name="exitCodes">The exit codes that are tried again; all where none is named.</param>
    public PipelineTask Retry(
        int attempts, TimeSpan? initialDelay = null, double factor = 2, TimeSpan? maxDelay = null, IEnumerable<Failure>? on = null, IEnumerable<int>? exitCodes = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(attempts, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(attempts, 100);
        ArgumentOutOfRangeException.ThrowIfLessThan(factor, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(factor, 10);
        Durations.CheckDelay(initialDelay);
        Durations.CheckDelay(maxDelay);
        var (classes, codes) = (on?.Select(Words.Of).ToList() ?? [], exitCodes?.ToList() ?? []);
        if (codes.Exists(c => c is < 1 or > 255)) throw new ArgumentOutOfRangeException(nameof(exitCodes), "An exit code that is tried again is from 1 to 255.");
        return With(() => _retry = json =>
        {
            json.WriteStartObject("retry");
            json.WriteNumber("max_attempts", attempts);
            if (initialDelay is { } first) json.WriteString("initial_delay", Durations.Text(first));
            json.WriteNumber("factor", factor);
            if (maxDelay is { } longest) json.WriteString("max_delay", Durations.Text(longest));
            Json.WriteList(json, "on", classes);
            if (codes.Count > 0)
            {
                json.WriteStartArray("exit_codes");
                foreach (var code in codes) json.WriteNumberValue(code);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        });
    }

    /// <summary>
    /// Lets at most <paramref name="limit"/> tasks of the namespace run at a time under one key, whatever their pipelines. Parameters and
    /// values of the matrix may stand inside the key: <c>$"db-{region}"</c>, <c>"db-matrix{{shard}}"</c>.
    /// </summary>
    public PipelineTask Concurrency(string key, int limit)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return With(() => _concurrency = (key, limit));
    }

    /// <summary>
    /// Makes an instance of the task for each of <paramref name="values"/>, with the value as a variable (<paramref name="name"/> in upper
    /// case); called again, for each combination. Tasks after this one wait for all instances.
    /// </summary>
    public PipelineTask Matrix(string name, params string[] values)
    {
        if (values.Length == 0) throw new ArgumentException($"The matrix member '{name}' of the task '{Id}' needs a value.", nameof(values));
        return With(() => _matrix[name] = values);
    }

    /// <summary>Replaces the image's command.</summary>
    public PipelineTask Command(params string[] command) => With(() => _command = command);

    /// <summary>Replaces the image's entrypoint.</summary>
    public PipelineTask Entrypoint(params string[] entrypoint) => With(() => _entrypoint = entrypoint);

    /// <summary>Runs a POSIX shell script; the indentation that all its lines share is taken off.</summary>
    public PipelineTask Script(string script) => Command("sh", "-c", Dedent(script));

    /// <summary>Starts in that folder.</summary>
    public PipelineTask WorkingDir(string folder) => With(() => _workingDir = folder);

    /// <summary>Runs as that user.</summary>
    public PipelineTask User(string user) => With(() => _user = user);

    /// <summary>Limits the CPU, such as <c>500m</c> or <c>2</c>.</summary>
    public PipelineTask Cpu(string quantity) => With(() => _cpu = quantity);

    /// <summary>Limits the memory, such as <c>256Mi</c>.</summary>
    public PipelineTask Memory(string quantity) => With(() => _memory = quantity);

    /// <summary>Logs in to the image's registry with a secret as password, such as <c>pipeline_secret{{registry}}</c>; the server takes no other.</summary>
    public PipelineTask RegistryAuth(string user, string pass) => With(() => _auth = (user, pass));

    /// <summary>Logs in to the image's registry as the user that the run gives for a parameter of this pipeline.</summary>
    /// <exception cref="ArgumentException">The parameter is another pipeline's.</exception>
    public PipelineTask RegistryAuth(Param user, string pass) => RegistryAuth(Own(user), pass);

    /// <summary>Gives the task a token for the API, <c>GOFER_API_TOKEN</c>: for its own run alone, and until that ends.</summary>
    public PipelineTask InjectApiToken() => With(() => _injectApiToken = true);

    /// <summary>Pulls the image even where the engine has one of that name.</summary>
    public PipelineTask AlwaysPull() => With(() => _alwaysPull = true);

    /// <summary>Lets the run succeed though this task fails.</summary>
    public PipelineTask AllowFailure() => With(() => _allowFailure = true);

    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", Id);
        if (_uses is null) json.WriteString("image", Image);
        else json.WriteString("uses", _uses);
        if (_inputs.Count > 0)
        {
            json.WriteStartObject("with");
            foreach (var (name, write) in _inputs)
            {
                json.WritePropertyName(name);
                write(json);
            }

            json.WriteEndObject();
        }

        if (_description is not null) json.WriteString("description", _description);
        if (_auth is { } auth)
        {
            json.WriteStartObject("registry_auth");
            json.WriteString("user", auth.User);
            json.WriteString("pass", auth.Pass);
            json.WriteEndObject();
        }

        Json.WriteMap(json, "depends_on", [.. _parents.Select(p => KeyValuePair.Create(p.Parent.Id, p.Condition))]);
        Json.WriteMap(json, "variables", _variables);
        Json.WriteList(json, "entrypoint", _entrypoint);
        Json.WriteList(json, "command", _command);
        if (_workingDir is not null) json.WriteString("working_dir", _workingDir);
        if (_user is not null) json.WriteString("user", _user);
        if (_injectApiToken) json.WriteBoolean("inject_api_token", true);
        if (_alwaysPull) json.WriteBoolean("always_pull_newest_image", true);
        if (_cpu is not null || _memory is not null)
        {
            json.WriteStartObject("resources");
            if (_cpu is not null) json.WriteString("cpu", _cpu);
            if (_memory is not null) json.WriteString("memory", _memory);
            json.WriteEndObject();
        }

        if (_timeout is { } timeout) json.WriteString("timeout", Durations.Text(timeout));
        if (_allowFailure) json.WriteBoolean("allow_failure", true);
        _retry?.Invoke(json);
        if (_concurrency is { } rule)
        {
            json.WriteStartObject("concurrency");
            json.WriteString("key", rule.Key);
            json.WriteNumber("limit", rule.Limit);
            json.WriteEndObject();
        }

        if (_matrix.Count > 0)
        {
            json.WriteStartObject("matrix");
            foreach (var (name, values) in _matrix) Json.WriteList(json, name, values);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    internal PipelineTask OfShared(string uses) => With(() => _uses = uses);

    private PipelineTask Gives(string name, Action<Utf8JsonWriter> write) => _uses is null
        ? throw new InvalidOperationException($"The task '{Id}' is a container of its own: inputs are a shared task's, see Pipeline.Uses.")
        : With(() => _inputs[name] = write);

    private string Own(Param parameter) => _pipeline.Declares(parameter)
        ? parameter.ToString()
        : throw new ArgumentException($"The parameter '{parameter.Name}' belongs to another pipeline.", nameof(parameter));

    private PipelineTask Depend(ReadOnlySpan<PipelineTask> parents, string condition)
    {
        foreach (var parent in parents)
        {
            if (parent._pipeline != _pipeline) throw new ArgumentException($"The task '{parent.Id}' belongs to another pipeline.", nameof(parents));
            // A task can only wait for one that was made before it; so no cycle can be written.
            if (_pipeline.Tasks.TakeWhile(t => t != this).All(t => t != parent)) throw new ArgumentException($"The task '{Id}' cannot wait for '{parent.Id}', which comes after it.", nameof(parents));
            _parents.RemoveAll(p => p.Parent == parent);
            _parents.Add((parent, condition));
        }

        return this;
    }

    private PipelineTask With(Action change)
    {
        change();
        return this;
    }

    private static string Dedent(string script)
    {
        var lines = script.ReplaceLineEndings("\n").Trim('\n').Split('\n');
        var indent = lines.Where(l => l.Trim().Length > 0).Select(l => l.Length - l.TrimStart().Length).DefaultIfEmpty(0).Min();
        return string.Join('\n', lines.Select(l => l.Length >= indent ? l[indent..] : l.Trim())).TrimEnd();
    }
}
