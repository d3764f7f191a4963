using System.Text.Json;

namespace Gofer.Sdk;

/// <summary>
/// A container task. Dependencies name task objects, never strings, and only tasks that exist already: an unknown parent or a cycle cannot
/// be written.
/// </summary>
public sealed class PipelineTask
{
    private readonly Pipeline _pipeline;
    private readonly List<(PipelineTask Parent, string Condition)> _parents = [];
    private readonly SortedDictionary<string, string> _variables = new(StringComparer.Ordinal);
    private IReadOnlyList<string> _entrypoint = [];
    private IReadOnlyList<string> _command = [];
    private string? _description;
    private string? _workingDir;
    private string? _user;
    private string? _cpu;
    private string? _memory;
    private (string User, string Pass)? _auth;
    private bool _alwaysPull;
    private bool _allowFailure;

    internal PipelineTask(Pipeline pipeline, string id, string image) => (_pipeline, Id, Image) = (pipeline, id, image);

    /// <summary>The task's name in its pipeline.</summary>
    public string Id { get; }

    /// <summary>Its image.</summary>
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
    public PipelineTask Env(string name, string value) => With(() => _variables[name] = value);

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

    /// <summary>Logs in to the image's registry.</summary>
    public PipelineTask RegistryAuth(string user, string pass) => With(() => _auth = (user, pass));

    /// <summary>Pulls the image even where the engine has one of that name.</summary>
    public PipelineTask AlwaysPull() => With(() => _alwaysPull = true);

    /// <summary>Lets the run succeed though this task fails.</summary>
    public PipelineTask AllowFailure() => With(() => _allowFailure = true);

    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id", Id);
        json.WriteString("image", Image);
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
        if (_alwaysPull) json.WriteBoolean("always_pull_newest_image", true);
        if (_cpu is not null || _memory is not null)
        {
            json.WriteStartObject("resources");
            if (_cpu is not null) json.WriteString("cpu", _cpu);
            if (_memory is not null) json.WriteString("memory", _memory);
            json.WriteEndObject();
        }

        if (_allowFailure) json.WriteBoolean("allow_failure", true);
        json.WriteEndObject();
    }

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
