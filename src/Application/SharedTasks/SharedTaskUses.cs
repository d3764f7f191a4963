using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.SharedTasks;

namespace Gofer.Application.SharedTasks;

/// <summary>What is wrong with the shared tasks that a document uses.</summary>
internal sealed class SharedTaskUses(IGoferDb db, ISharedTasks tasks, DocumentLimits limits)
{
    /// <summary>
    /// Null where all of them are there and take what they get; they stay there until the transaction ends. Values that a run's parameter stands in are
    /// judged when the run is created.
    /// </summary>
    public async Task<Error?> RefuseAsync(NamespaceId home, PipelineDocument document, CancellationToken cancellationToken)
    {
        var wanted = document.Tasks.Select(t => t.Uses).OfType<string>().Distinct().ToList();
        if (wanted.Count == 0) return null;
        var found = await db.HoldSharedTasksAsync(home, wanted, cancellationToken);
        var (missing, wrong) = (new List<Fault>(), new List<Fault>());
        for (var i = 0; i < document.Tasks.Count; i++)
        {
            var (task, at) = (document.Tasks[i], Fault.At("/tasks", i));
            if (task.Uses is not { } uses) continue;
            var definition = found.TryGetValue(uses, out var pin) ? await tasks.GetAsync(new SharedTaskVersionId(pin.Id), cancellationToken) : null;
            if (definition is null) missing.Add(new Fault(Fault.At(at, "uses"), SharedTaskProblems.Missing(uses)));
            else wrong.AddRange(TaskInputs.Check(definition, task.With, null, limits).Select(f => new Fault(Place(at, f.Input), f.Message)));
        }

        return (missing.Count, wrong.Count) switch
        {
            (0, 0) => null,
            (_, 0) => SharedTaskProblems.NotFound(missing),
            _ => Error.Invalid([.. missing, .. wrong]),
        };
    }

    private static string Place(string task, string? input) => input is null ? Fault.At(task, "with") : Fault.At(Fault.At(task, "with"), input);
}

/// <summary>How what is wrong with a use is said, whoever finds it.</summary>
public static class SharedTaskProblems
{
    /// <summary>There is none that fits.</summary>
    public static string Missing(string uses)
    {
        var use = TaskUse.Parse(uses);
        var version = use.Minor is { } minor ? FormattableString.Invariant($"{use.Major}.{minor}.x") : FormattableString.Invariant($"{use.Major}.x");
        return $"There is no shared task '{use.Name}' with a version {version}, neither in the namespace nor in the install. 'gofer shared-task list' and 'gofer shared-task versions {use.Name}' show what there is.";
    }

    /// <summary>The refusal for that alone.</summary>
    public static Error NotFound(IReadOnlyList<Fault> faults)
    {
        ArgumentNullException.ThrowIfNull(faults);
        return Error.Invalid(faults) with { Code = ErrorCodes.SharedTaskNotFound };
    }
}
