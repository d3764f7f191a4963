using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>A limit as its row stands under the lock; <see cref="Number"/> 0 sets none.</summary>
internal sealed class Limit(long id, LimitKey key, int number)
{
    public long Id => id;

    /// <summary>Slots in use.</summary>
    public long Taken { get; set; }

    /// <summary>Whether tasks wait for a slot of it, which nobody may overtake.</summary>
    public bool Holds { get; set; }

    public bool IsFull => number > 0 && Taken >= number;

    /// <summary>Whether a task that comes now must wait.</summary>
    public bool IsClosed => IsFull || (number > 0 && Holds);

    /// <summary>What a task that it holds back says.</summary>
    public string Message => key.Kind switch
    {
        LimitKey.Install => $"Waits for a slot: the install's limit of {number} tasks is reached.",
        LimitKey.Namespace => $"Waits for a slot: the namespace's limit of {number} tasks is reached.",
        _ => $"Waits for a slot: at most {number} tasks run at a time under the key '{key.Key}'.",
    };
}

/// <summary>What a limit is of: the install, a namespace, or a concurrency key of a namespace.</summary>
internal readonly record struct LimitKey(string Kind, Guid NamespaceId, string Key)
{
    public const string Install = "install";

    public const string Namespace = "namespace";

    public const string Concurrency = "concurrency";

    /// <summary>The limits that are over a task.</summary>
    public static IEnumerable<(LimitKey Key, int Number)> Of(QueuePlace place)
    {
        var run = place.Run;
        if (run.InstallLimit > 0) yield return (new LimitKey(Install, Guid.Empty, ""), run.InstallLimit);
        if (run.NamespaceLimit > 0) yield return (new LimitKey(Namespace, run.Namespace.Value, ""), run.NamespaceLimit);
        var node = run.Graph.Graph.Nodes[place.Task];
        if (node.Definition.Concurrency is { } rule)
        {
            yield return (new LimitKey(Concurrency, run.Namespace.Value, rule.KeyOf(run.Params, node.Matrix)), rule.Limit);
        }
    }
}

/// <summary>The limits over some tasks, locked.</summary>
internal sealed class LimitTable
{
    private readonly Dictionary<LimitKey, Limit> _limits = [];

    /// <summary>Makes the rows that are missing and locks them all; counts slots after that, so it counts what is committed.</summary>
    public static async Task<LimitTable> LockAsync(
        EngineSession session, IReadOnlyList<QueuePlace> places, bool countHeld, CancellationToken cancellationToken)
    {
        var table = new LimitTable();
        var keys = places
            .SelectMany(p => LimitKey.Of(p).Select(l => (l.Key, l.Number, Place: p)))
            .DistinctBy(l => l.Key)
            .OrderBy(l => l.Key.Kind, StringComparer.Ordinal).ThenBy(l => l.Key.NamespaceId).ThenBy(l => l.Key.Key, StringComparer.Ordinal)
            .ToList();
        if (keys.Count == 0) return table;
        await using (var rows = await session.ReadAsync(
            cancellationToken,
            Sql.Command(
                """
                insert into gofer.limits (kind, namespace_id, key, number, pipeline_id, task)
                select * from unnest($1, $2, $3, $4, $5, $6) on conflict do nothing
                """,
                Sql.Texts(keys.Select(k => k.Key.Kind)), Sql.P(keys.Select(k => k.Key.NamespaceId).ToArray()), Sql.Texts(keys.Select(k => k.Key.Key)),
                Sql.P(keys.Select(k => k.Number).ToArray()),
                Sql.P(keys.Select(k => k.Key.Kind == LimitKey.Concurrency ? k.Place.Run.Pipeline.Value : (Guid?)null).ToArray()),
                Sql.Texts(keys.Select(k => k.Key.Kind == LimitKey.Concurrency ? k.Place.Run.Graph.Graph.Nodes[k.Place.Task].Definition.Id : null))),
            Sql.Command(
                """
                select l.id, l.kind, l.namespace_id, l.key, case l.kind
                    when 'install' then (select i.task_limit from gofer.install i)
                    when 'namespace' then (select n.task_limit from gofer.namespaces n where n.id = l.namespace_id)
                    else l.number end
                from gofer.limits l join unnest($1, $2, $3) as k (kind, namespace_id, key) using (kind, namespace_id, key)
                order by l.id for no key update of l
                """,
                Sql.Texts(keys.Select(k => k.Key.Kind)), Sql.P(keys.Select(k => k.Key.NamespaceId).ToArray()), Sql.Texts(keys.Select(k => k.Key.Key)))))
        {
            while (await rows.ReadAsync(cancellationToken))
            {
                var key = new LimitKey(rows.GetString(1), rows.GetGuid(2), rows.GetString(3));
                table._limits.Add(key, new Limit(rows.GetInt64(0), key, rows.GetInt32(4)));
            }
        }

        await table.CountAsync(session, countHeld, cancellationToken);
        return table;
    }

    /// <summary>The limits over a task, in the order in which they are asked.</summary>
    public IReadOnlyList<Limit> Over(QueuePlace place) => [.. LimitKey.Of(place).Select(l => _limits[l.Key])];

    private async Task CountAsync(EngineSession session, bool countHeld, CancellationToken cancellationToken)
    {
        var count = Sql.Command(
            """
            select l.id, (select count(*) from gofer.slots s where s.limit_id = l.id),
                $2 and exists (select from gofer.held_tasks h where h.limit_id = l.id)
            from unnest($1) as l (id)
            """,
            Sql.P(_limits.Values.Select(l => l.Id).ToArray()), Sql.P(countHeld));
        await using var rows = await session.ReadAsync(cancellationToken, count);
        var byId = _limits.Values.ToDictionary(l => l.Id);
        while (await rows.ReadAsync(cancellationToken))
        {
            var limit = byId[rows.GetInt64(0)];
            (limit.Taken, limit.Holds) = (rows.GetInt64(1), rows.GetBoolean(2));
        }
    }
}
