using Gofer.Application.Triggers;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Postgres.Signals;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Triggers;

/// <inheritdoc cref="IHookInbox"/>
internal sealed class HookInbox : IHookInbox
{
    /// <summary>Requests that share a look-up, or a commit.</summary>
    private const int Batch = 100;

    /// <summary>Requests that wait for one extension at most.</summary>
    private const int MostRequests = 1000;

    /// <summary>Bytes of bodies that share a commit.</summary>
    private const long Heaviest = 8 << 20;

    private readonly NpgsqlDataSource _source;
    private readonly Notifier _notifier;
    private readonly Crowd<byte[], HookTarget?> _finds;
    private readonly Crowd<NewTriggerEvent, bool> _adds;

    public HookInbox(NpgsqlDataSource source, Notifier notifier)
    {
        (_source, _notifier) = (source, notifier);
        _finds = new Crowd<byte[], HookTarget?>(Batch, long.MaxValue, _ => 0, FindAsync);
        _adds = new Crowd<NewTriggerEvent, bool>(Batch, Heaviest, e => e.Body?.Length ?? 0, AddAsync);
    }

    /// <inheritdoc/>
    public Task<HookTarget?> FindAsync(byte[] hash, CancellationToken cancellationToken) => _finds.AskAsync(hash, cancellationToken);

    /// <inheritdoc/>
    public Task AddAsync(NewTriggerEvent added, CancellationToken cancellationToken) => _adds.AskAsync(added, cancellationToken);

    /// <inheritdoc/>
    public async Task<bool?> AddAsync(byte[] hash, Guid id, IReadOnlyDictionary<string, string> headers, byte[] body, CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand(
            $"""
            with found as (
                select e.id from gofer.extensions e join gofer.extension_statuses s on s.extension_id = e.id
                where e.hook_hash = $1 and coalesce((s.description->>'external_events')::boolean, true)),
            added as (
                insert into gofer.extension_requests (id, extension_id, headers, body) select $2, f.id, $3, $4 from found f
                where (select count(*) from (select from gofer.extension_requests r where r.extension_id = f.id limit {MostRequests}) w) < {MostRequests} returning 1)
            select exists (select from found), exists (select from added)
            """);
        command.Parameters.AddRange(new[] { Sql.P(hash), Sql.P(id), new NpgsqlParameter { Value = TextMap.Write(headers), NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Jsonb }, Sql.P(body) });
        // One that never answered may take them, and one that is disabled may be enabled; one that says that it takes none has no URL.
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        if (!row.GetBoolean(0)) return null;
        if (!row.GetBoolean(1)) return false;
        _notifier.Timers();
        return true;
    }

    private async Task<IReadOnlyList<HookTarget?>> FindAsync(IReadOnlyList<byte[]> hashes)
    {
        await using var command = _source.CreateCommand(
            """
            select t.namespace_id, n.name, t.pipeline_id, p.name, t.id, t.name, t.definition, t.hook_hash from gofer.triggers t
            join gofer.pipelines p on p.id = t.pipeline_id join gofer.namespaces n on n.id = t.namespace_id where t.hook_hash = any($1) and p.deleted_at is null
            """);
        command.Parameters.Add(Sql.P(hashes.ToArray()));
        await using var row = await command.ExecuteReaderAsync();
        var found = new Dictionary<string, HookTarget>(StringComparer.Ordinal);
        while (await row.ReadAsync())
        {
            found[Convert.ToHexString(row.GetFieldValue<byte[]>(7))] = new HookTarget(
                new NamespaceId(row.GetGuid(0)), row.GetString(1), new PipelineId(row.GetGuid(2)), row.GetString(3), new TriggerId(row.GetGuid(4)), row.GetString(5), row.GetString(6));
        }

        return [.. hashes.Select(h => found.GetValueOrDefault(Convert.ToHexString(h)))];
    }

    /// <summary>All of them in one transaction. A crash before its commit costs nothing that anybody was told is kept.</summary>
    private async Task<IReadOnlyList<bool>> AddAsync(IReadOnlyList<NewTriggerEvent> added)
    {
        await using var batch = _source.CreateBatch();
        foreach (var e in added) batch.BatchCommands.Add(Sql.Command(EventRows.Insert, EventRows.Parameters(e)));
        await batch.ExecuteNonQueryAsync();
        _notifier.Timers();
        return [.. added.Select(_ => true)];
    }
}
