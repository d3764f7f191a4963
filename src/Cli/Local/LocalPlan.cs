using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Worker.Local;

namespace Gofer.Cli.Local;

/// <summary>What somebody asks of a local run.</summary>
internal sealed record LocalRequest
{
    /// <summary>The namespace that tasks are told.</summary>
    public required string Namespace { get; init; }

    /// <summary>The one task to run; null runs them all.</summary>
    public string? Task { get; init; }

    /// <summary>Parameters as the command line has them.</summary>
    public IReadOnlyDictionary<string, string> Params { get; init; } = new Dictionary<string, string>();

    /// <summary>Variables of the run.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>Where <see cref="Values"/> came from; null where no file was named.</summary>
    public string? EnvFile { get; init; }

    /// <summary>Values for secrets and objects: by their key, or by the whole of <c>kind{{key}}</c>, which wins.</summary>
    public IReadOnlyDictionary<string, string> Values { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// Makes the order of a local run: the document judged by the rules of the server, cut down to one task where that is asked for, with every
/// parameter, variable, secret and object that it needs. What is missing is said before anything starts. Pure.
/// </summary>
internal static class LocalPlan
{
    public static Result<LocalOrder> Make(JsonElement json, LocalRequest request)
    {
        var limits = DocumentLimits.Default;
        var read = DocumentReader.Read(json, limits);
        if (!read.IsOk) return read.Error;
        var only = Only(read.Value, request.Task);
        if (!only.IsOk) return only.Error;
        var document = only.Value;

        if (document.Tasks.FirstOrDefault(t => t.Uses is not null) is { } shared)
        {
            return Error.NotSupported([new Fault(
                $"{Fault.At("/tasks", read.Value.Tasks.Select(t => t.Id).ToList().IndexOf(shared.Id))}/uses",
                $"The task '{shared.Id}' uses the shared task {shared.Uses}, which only a server knows. Run it there, or another task alone with --task.")]);
        }

        var parameters = ParamValues.Resolve(
            document.Params, request.Params.ToDictionary(p => p.Key, p => JsonSerializer.SerializeToElement(p.Value)), limits, "/params");
        if (!parameters.IsOk) return parameters.Error;

        var faults = new FaultList();
        var fields = JsonFields.Open(JsonSerializer.SerializeToElement(new { variables = request.Variables }), faults)!;
        var variables = UserMaps.Variables(fields["variables"], limits);
        if (faults.ToError() is { } error) return error;

        var substitutes = Substitutes(read.Value, document, variables, request);
        if (!substitutes.IsOk) return substitutes.Error;
        return new LocalOrder
        {
            Namespace = request.Namespace,
            Document = document,
            Params = parameters.Value,
            Variables = variables,
            Substitutes = substitutes.Value,
        };
    }

    /// <summary>The document with that task alone, which then waits for nobody.</summary>
    private static Result<PipelineDocument> Only(PipelineDocument document, string? task)
    {
        if (task is null) return document;
        if (document.Tasks.FirstOrDefault(t => t.Id == task) is { } found)
        {
            return document with { Tasks = [found with { DependsOn = new Dictionary<string, ParentCondition>() }] };
        }

        var ids = document.Tasks.Select(t => t.Id).ToList();
        if (task.LastIndexOf('.') is > 0 and var dot && ids.Contains(task[..dot]))
        {
            return Missing($"'{task}' is an instance of a matrix; --task {task[..dot]} runs all of them.");
        }

        return Missing(Nearest.Of(task, ids) is { } nearest
            ? $"No task {Shown.Quoted(task)} in {document.Id}. Did you mean '{nearest}'?"
            : $"No task {Shown.Quoted(task)} in {document.Id}. There are: {string.Join(", ", ids)}.");

        static Error Missing(string message) => new(ErrorKind.NotFound, ErrorCodes.TaskNotFound, message);
    }

    /// <summary>The value of each secret and object that a task needs; those behind a variable that the run itself sets are not needed.</summary>
    private static Result<Dictionary<(string Kind, string Key), string>> Substitutes(
        PipelineDocument whole, PipelineDocument document, IReadOnlyDictionary<string, string> variables, LocalRequest request)
    {
        var exact = new Dictionary<(string, string), string>();
        foreach (var (name, value) in request.Values)
        {
            if (Interpolation.Parse(name) is { } reference) exact[reference] = value;
        }

        var found = new Dictionary<(string Kind, string Key), string>();
        var faults = new List<Fault>();
        foreach (var (pointer, text) in document.Tasks.SelectMany(t => Texts(whole, t, variables)))
        {
            if (Interpolation.Parse(text) is not { } reference || reference.Kind == Interpolation.Param || found.ContainsKey(reference)) continue;
            if (exact.TryGetValue(reference, out var value) || request.Values.TryGetValue(reference.Key, out value)) found[reference] = value;
            else faults.Add(new Fault(pointer, Complaint(reference, request)));
        }

        return faults.Count > 0 ? Error.Invalid(faults.DistinctBy(f => f.Message).ToList()) : found;
    }

    private static string Complaint((string Kind, string Key) reference, LocalRequest request)
    {
        var shown = $"{reference.Kind}{{{{{Shown.Of(reference.Key)}}}}}";
        if (request.EnvFile is not { } file) return $"{shown} has no value here. Write a line {Shown.Of(reference.Key)}=… into a file and name it with --env-file.";
        var near = Nearest.Of(reference.Key, request.Values.Keys) is { } nearest ? $" Did you mean its '{nearest}'?" : "";
        return $"{shown} has no value: {file} has no line {Shown.Of(reference.Key)}=….{near}";
    }

    private static IEnumerable<(string Pointer, string Text)> Texts(PipelineDocument whole, TaskDefinition task, IReadOnlyDictionary<string, string> variables)
    {
        var at = Fault.At("/tasks", whole.Tasks.Select(t => t.Id).ToList().IndexOf(task.Id));
        foreach (var (name, text) in task.Variables)
        {
            if (!variables.ContainsKey(name)) yield return (Fault.At($"{at}/variables", name), text);
        }

        if (task.RegistryAuth is not { } login) yield break;
        yield return ($"{at}/registry_auth/user", login.User);
        yield return ($"{at}/registry_auth/pass", login.Pass);
    }
}
