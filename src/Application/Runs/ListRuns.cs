using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Runs;

/// <summary>Which runs of a list are wanted; an empty filter wants all. Values of one filter are alternatives, labels must all match.</summary>
public sealed record RunFilter(
    IReadOnlyList<RunState> States, IReadOnlyList<int> Versions, IReadOnlyList<string> Triggers, IReadOnlyList<(string Key, string Value)> Labels,
    DateTimeOffset? CreatedAfter, DateTimeOffset? CreatedBefore)
{
    internal bool Wants(RunRow run) =>
        (States.Count == 0 || States.Contains(run.State))
        && (Versions.Count == 0 || Versions.Contains(run.Version))
        && (Triggers.Count == 0 || Triggers.Contains(run.Trigger))
        && Labels.All(l => run.Labels.TryGetValue(l.Key, out var value) && value == l.Value)
        && (CreatedBefore is not { } before || run.CreatedAt < before)
        && (CreatedAfter is not { } after || run.CreatedAt > after);
}

/// <summary>Lists runs newest first, of a pipeline or, where that is null, of a whole namespace.</summary>
public sealed record ListRuns(NamespaceScope Namespace, string? Pipeline, RunFilter Filter, PageRequest Page) : IRequest<Result<Page<RunView>>>;

internal sealed class ListRunsHandler(IGoferDb db) : IRequestHandler<ListRuns, Result<Page<RunView>>>
{
    /// <summary>Rows that one page reads at most; a filtered page may be shorter than asked for, and then has a cursor.</summary>
    private const int MostRead = 10_000;

    private const int Step = 500;

    public async Task<Result<Page<RunView>>> Handle(ListRuns request, CancellationToken cancellationToken)
    {
        var source = await SourceAsync(request, cancellationToken);
        if (!source.IsOk) return source.Error;
        if (request.Page.Check() is { } refused) return refused;
        var cursor = Cursors.Read(request.Page.Cursor);
        if (!cursor.IsOk) return cursor.Error;
        RunId? before = null;
        if (cursor.Value is { } place)
        {
            if (!RunId.TryParse(place, null, out var id)) return Cursors.Bad;
            before = id;
        }

        var (runs, last) = await ReadAsync(source.Value.Runs, request, before, cancellationToken);
        var views = runs.Select(r => r.View(request.Namespace.Name, source.Value.Names[r.PipelineId])).ToList();
        return new Page<RunView>(views, last is { } next ? Cursors.Of(next.ToString()) : null);
    }

    private async Task<Result<(IQueryable<RunRow> Runs, Dictionary<PipelineId, string> Names)>> SourceAsync(
        ListRuns request, CancellationToken cancellationToken)
    {
        if (request.Pipeline is { } name)
        {
            var pipeline = await db.FindPipelineAsync(request.Namespace, name, cancellationToken);
            if (!pipeline.IsOk) return pipeline.Error;
            var id = pipeline.Value.Id;
            return (db.Runs.AsNoTracking().Where(r => r.PipelineId == id), new Dictionary<PipelineId, string> { [id] = name });
        }

        var home = await db.FindNamespaceAsync(request.Namespace, cancellationToken);
        if (!home.IsOk) return home.Error;
        var names = await db.Pipelines.Where(p => p.NamespaceId == home.Value.Id).ToDictionaryAsync(p => p.Id, p => p.Name, cancellationToken);
        var hidden = await db.Pipelines.Where(p => p.NamespaceId == home.Value.Id && p.DeletedAt != null).Select(p => p.Id).ToListAsync(cancellationToken);
        return (db.Runs.AsNoTracking().Where(r => r.NamespaceId == home.Value.Id && !hidden.Contains(r.PipelineId)), names);
    }

    private static async Task<(List<RunRow> Runs, RunId? Next)> ReadAsync(
        IQueryable<RunRow> source, ListRuns request, RunId? before, CancellationToken cancellationToken)
    {
        var wanted = new List<RunRow>();
        // Without a filter a page is what was asked for and the one row more that tells whether there is another.
        for (int read = 0, step = Math.Min(Step, request.Page.Take + 1); read < MostRead; read += step, step = Step)
        {
            var older = before is { } last ? source.Where(r => r.Id < last) : source;
            var rows = await older.OrderByDescending(r => r.Id).Take(step).ToListAsync(cancellationToken);
            foreach (var row in rows)
            {
                if (request.Filter.CreatedAfter is { } after && row.CreatedAt <= after) return (wanted, null);
                if (request.Filter.Wants(row))
                {
                    if (wanted.Count == request.Page.Take) return (wanted, before);
                    wanted.Add(row);
                }

                before = row.Id;
            }

            if (rows.Count < step) return (wanted, null);
        }

        return (wanted, before);
    }
}
