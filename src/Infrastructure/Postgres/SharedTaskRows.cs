using System.Collections.Concurrent;
using System.Text.Json;
using Gofer.Application.SharedTasks;
using Gofer.Domain.Common;
using Gofer.Domain.SharedTasks;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>Reads versions of shared tasks once and keeps the newest few thousand; they never change.</summary>
internal sealed class SharedTaskRows(NpgsqlDataSource source) : ISharedTasks
{
    private const int Kept = 2000;

    private readonly ConcurrentDictionary<SharedTaskVersionId, SharedTaskDefinition> _definitions = new();

    /// <summary>
    /// Keeps the tasks of those names from being deleted until the transaction ends; in the order of their ids, so that no two of the many who hold them and the
    /// one who deletes wait for each other.
    /// </summary>
    private const string Hold =
        "select id from gofer.shared_tasks where name = any($1) and (namespace_id = $2 or namespace_id is null) order by id for key share";

    /// <summary>The newest version that fits, of the namespace's task before the global one.</summary>
    private const string Resolve =
        """
        select u.uses, v.id, v.major, v.minor, v.patch, v.of_namespace from unnest($1, $3, $4, $5) as u (name, uses, major, minor)
        cross join lateral (
            select x.id, x.major, x.minor, x.patch, t.namespace_id is not null as of_namespace
            from gofer.shared_tasks t join gofer.shared_task_versions x on x.task_id = t.id
            where t.name = u.name and (t.namespace_id = $2 or t.namespace_id is null) and x.major = u.major and (u.minor is null or x.minor = u.minor)
            order by t.namespace_id nulls last, x.minor desc, x.patch desc limit 1) v
        """;

    /// <inheritdoc/>
    public async ValueTask<SharedTaskDefinition?> GetAsync(SharedTaskVersionId version, CancellationToken cancellationToken)
    {
        if (_definitions.TryGetValue(version, out var known)) return known;
        // A connection of its own: the caller may be inside a transaction that holds locks, but versions are never locked by anyone.
        await using var command = source.CreateCommand("select definition from gofer.shared_task_versions where id = $1");
        command.Parameters.Add(Sql.P(version.Value));
        if (await command.ExecuteScalarAsync(cancellationToken) is not string text) return null;
        if (_definitions.Count >= Kept) _definitions.Clear();
        return _definitions.GetOrAdd(version, SharedTaskReader.ReadStored(text));
    }

    /// <summary>What the uses of a pipeline in that namespace come to now, held until the transaction ends; what comes to nothing is left out.</summary>
    public static async Task<Dictionary<string, SharedTaskPin>> ResolveAsync(
        EngineSession session, NamespaceId home, IReadOnlyCollection<string> uses, CancellationToken cancellationToken)
    {
        // Two statements: the second sees what was committed while the first waited.
        await using var reader = await session.ReadAsync(cancellationToken, Commands(home, uses));
        return await ReadAsync(reader, cancellationToken);
    }

    /// <inheritdoc cref="ResolveAsync(EngineSession, NamespaceId, IReadOnlyCollection{string}, CancellationToken)"/>
    public static async Task<Dictionary<string, SharedTaskPin>> ResolveAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, NamespaceId home, IReadOnlyCollection<string> uses, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        foreach (var command in Commands(home, uses)) batch.BatchCommands.Add(command);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await ReadAsync(reader, cancellationToken);
    }

    /// <summary>What stands in the row of a run; null for one that uses none.</summary>
    public static string? Write(IReadOnlyDictionary<string, SharedTaskPin>? pins) => pins is { Count: > 0 } ? JsonSerializer.Serialize(pins) : null;

    /// <summary>Reads that back.</summary>
    public static Dictionary<string, SharedTaskPin> Read(string json) => JsonSerializer.Deserialize<Dictionary<string, SharedTaskPin>>(json)!;

    private static NpgsqlBatchCommand[] Commands(NamespaceId home, IReadOnlyCollection<string> uses)
    {
        var wanted = uses.Select(TaskUse.Parse).ToList();
        var names = wanted.Select(w => w.Name).ToArray();
        return
        [
            Sql.Command(Hold, Sql.P(names.Distinct().ToArray()), Sql.P(home.Value)),
            Sql.Command(
                Resolve, Sql.P(names), Sql.P(home.Value), Sql.P(uses.ToArray()), Sql.P(wanted.Select(w => w.Major).ToArray()), Sql.P(wanted.Select(w => w.Minor).ToArray())),
        ];
    }

    private static async Task<Dictionary<string, SharedTaskPin>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        await reader.NextResultAsync(cancellationToken);
        var pins = new Dictionary<string, SharedTaskPin>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            var version = new TaskVersion(reader.GetInt32(2), reader.GetInt32(3), reader.GetInt32(4));
            pins[reader.GetString(0)] = new SharedTaskPin(reader.GetGuid(1), version.ToString(), reader.GetBoolean(5) ? SharedTaskPin.OfNamespace : SharedTaskPin.Global);
        }

        return pins;
    }
}
