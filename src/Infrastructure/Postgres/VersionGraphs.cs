using System.Collections.Concurrent;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>Reads versions once and keeps the newest few thousand; they never change.</summary>
internal sealed class VersionGraphs(NpgsqlDataSource source) : IVersionGraphs
{
    private const int Kept = 2000;

    private readonly ConcurrentDictionary<(PipelineId Pipeline, int Version), VersionGraph> _graphs = new();

    /// <inheritdoc/>
    public async ValueTask<VersionGraph> GetAsync(PipelineId pipeline, int version, CancellationToken cancellationToken)
    {
        if (_graphs.TryGetValue((pipeline, version), out var known)) return known;
        var read = await ReadAsync(pipeline, version, cancellationToken);
        if (_graphs.Count >= Kept) _graphs.Clear();
        return _graphs.GetOrAdd((pipeline, version), read);
    }

    private async Task<VersionGraph> ReadAsync(PipelineId pipeline, int version, CancellationToken cancellationToken)
    {
        // A connection of its own: the caller may be inside a transaction that holds locks, but versions are never locked by anyone.
        await using var command = source.CreateCommand(
            """
            select v.document, n.name from gofer.pipeline_versions v
            join gofer.pipelines p on p.id = v.pipeline_id
            join gofer.namespaces n on n.id = p.namespace_id
            where v.pipeline_id = $1 and v.version = $2
            """);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = pipeline.Value });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = version });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken)) throw new KeyNotFoundException($"Pipeline {pipeline} has no version {version}.");

        var document = DocumentReader.ReadStored(row.GetString(0));
        return new VersionGraph(document, new TaskGraph(document.Tasks), row.GetString(1));
    }
}
