using System.Globalization;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Runs;

/// <summary>The path to a run as callers write it; <paramref name="Run"/> is the run's number or <c>latest</c>.</summary>
public sealed record RunPath(NamespaceScope Namespace, string Pipeline, string Run);

/// <summary>A run that was found, with the version's graph that names its tasks.</summary>
public sealed record RunScope(RunPath Path, RunRow Run, VersionGraph Version)
{
    /// <summary>The version's graph.</summary>
    public TaskGraph Graph => Version.Graph;
}

/// <summary>Finds runs and tasks.</summary>
internal static class RunLookups
{
    /// <summary>The name for the newest run.</summary>
    public const string Latest = "latest";

    extension(IGoferDb db)
    {
        /// <summary>The run's tasks as they are now, in the document's order: those of the given indices, or all; joins are no tasks.</summary>
        public async Task<IReadOnlyList<TaskView>> TasksAsync(RunScope scope, RunState run, IReadOnlyCollection<int>? only, CancellationToken cancellationToken)
        {
            var id = scope.Run.Id;
            var rows = db.Tasks.AsNoTracking().Where(t => t.RunId == id);
            var failed = db.Attempts.AsNoTracking().Where(a => a.RunId == id);
            if (only is not null) (rows, failed) = (rows.Where(t => only.Contains(t.Task)), failed.Where(a => only.Contains(a.Task)));
            var tasks = await rows.OrderBy(t => t.Task).ToListAsync(cancellationToken);
            // Only a task that was tried before has any; a run of first attempts costs no second query.
            var attempts = tasks.Any(t => t.Attempt > 1 || t.WaitingFor == WaitingFor.Retry)
                ? (await failed.ToListAsync(cancellationToken)).ToLookup(a => a.Task)
                : Enumerable.Empty<AttemptRow>().ToLookup(a => a.Task);
            return [.. tasks.Where(t => !scope.Graph.Nodes[t.Task].IsJoin).Select(t => t.View(scope, run, attempts[t.Task]))];
        }

        /// <summary>The run at <paramref name="path"/>.</summary>
        public async Task<Result<RunScope>> FindRunAsync(IVersionGraphs versions, RunPath path, CancellationToken cancellationToken)
        {
            var pipeline = await db.FindPipelineAsync(path.Namespace, path.Pipeline, cancellationToken);
            if (!pipeline.IsOk) return pipeline.Error;
            var id = pipeline.Value.Id;
            long number;
            if (path.Run == Latest)
            {
                number = await db.Heads.Where(h => h.PipelineId == id).Select(h => h.LastRun).SingleAsync(cancellationToken);
                if (number == 0) return NotFound($"The pipeline {Shown.Quoted(path.Pipeline)} has no run yet.");
            }
            else if (!long.TryParse(path.Run, NumberStyles.None, CultureInfo.InvariantCulture, out number))
            {
                return NotFound($"{Shown.Quoted(path.Run)} is no run: give its number, or 'latest'.");
            }

            var found = await db.RunNumbers.AsNoTracking().SingleOrDefaultAsync(r => r.PipelineId == id && r.Number == number, cancellationToken);
            var run = found is null ? null : await db.Runs.AsNoTracking().SingleOrDefaultAsync(r => r.Id == found.RunId, cancellationToken);
            if (run is not null) return new RunScope(path, run, await versions.GetAsync(id, run.Version, cancellationToken));
            var newest = await db.Heads.Where(h => h.PipelineId == id).Select(h => h.LastRun).SingleAsync(cancellationToken);
            return NotFound(newest == 0
                ? $"The pipeline {Shown.Quoted(path.Pipeline)} has no run yet."
                : $"The pipeline {Shown.Quoted(path.Pipeline)} has no run {number}; its newest is run {newest}.");
        }
    }

    /// <summary>The index of a task of the run's version.</summary>
    public static Result<int> FindTask(this RunScope scope, string task)
    {
        if (scope.Graph.IndexOf(task) is { } index) return index;
        if (scope.Graph.Nodes.FirstOrDefault(n => n.IsJoin && n.Id == task) is { } matrix)
        {
            return new Error(
                ErrorKind.NotFound, ErrorCodes.TaskNotFound,
                $"The task '{task}' has a matrix: name one of its {Matrix.CountOf(matrix.Definition.Matrix)} instances, '{task}.1' to '{task}.{Matrix.CountOf(matrix.Definition.Matrix)}'.");
        }

        return Lookups.NotFound(
            ErrorCodes.TaskNotFound, $"No task {Shown.Quoted(task)} in version {scope.Run.Version} of {Shown.Quoted(scope.Path.Pipeline)}.", task,
            scope.Graph.Ids);
    }

    private static Error NotFound(string message) => new(ErrorKind.NotFound, ErrorCodes.RunNotFound, message);
}
