using System.Globalization;
using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Runs;

/// <summary>The path to a run as callers write it; <paramref name="Run"/> is the run's number or <c>latest</c>.</summary>
public sealed record RunPath(string Namespace, string Pipeline, string Run);

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
            return run is null
                ? NotFound($"The pipeline {Shown.Quoted(path.Pipeline)} has no run {number}.")
                : new RunScope(path, run, await versions.GetAsync(id, run.Version, cancellationToken));
        }
    }

    /// <summary>The index of a task of the run's version.</summary>
    public static Result<int> FindTask(this RunScope scope, string task) => scope.Graph.IndexOf(task) is { } index
        ? index
        : Lookups.NotFound(
            ErrorCodes.TaskNotFound, $"No task {Shown.Quoted(task)} in version {scope.Run.Version} of {Shown.Quoted(scope.Path.Pipeline)}.", task,
            scope.Graph.Tasks.Select(t => t.Id));

    private static Error NotFound(string message) => new(ErrorKind.NotFound, ErrorCodes.RunNotFound, message);
}
