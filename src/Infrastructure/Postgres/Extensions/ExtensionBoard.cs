using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gofer.Application.Common;
using Gofer.Application.Extensions;
using Gofer.Application.Logs;
using Gofer.Application.Triggers;
using Gofer.Domain.Common;
using Gofer.Domain.Extensions;
using Gofer.Domain.Triggers;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Postgres.Signals;
using Gofer.Infrastructure.Postgres.Triggers;
using Npgsql;
using NpgsqlTypes;

namespace Gofer.Infrastructure.Postgres.Extensions;

/// <inheritdoc cref="IExtensionBoard"/>
internal sealed class ExtensionBoard(NpgsqlDataSource source, EngineTransaction transactions, Notifier notifier, TimeProvider clock) : IExtensionBoard
{
    /// <summary>The most bytes of an extension's output that are kept; the oldest go first.</summary>
    public const int MaxLog = 4 << 20;

    /// <summary>The most pieces of it, however small they are.</summary>
    private const int MaxPieces = 5000;

    /// <summary>Whether one needs somebody who sees to it, for the heartbeat of workers.</summary>
    public const string Wanted =
        """
        exists (select from gofer.extension_statuses s where (s.lease_until is null or s.lease_until <= now())
            and (s.container is not null or s.state <> 'stopped' or exists (select from gofer.extensions e where e.id = s.extension_id and e.enabled)))
        """;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<HeldExtension>> HoldAsync(Guid worker, string backend, TimeSpan lease, CancellationToken cancellationToken)
    {
        // Whoever renews raises no fence; a change of hands does, and a lease that ran out is one too, whoever takes it. Its own rows this worker waits for, since it writes them all the
        // time: what was skipped would be taken for lost.
        await using var command = source.CreateCommand(
            """
            with own as (
                select s.extension_id, true as own from gofer.extension_statuses s left join gofer.extensions e on e.id = s.extension_id
                where s.worker_id = $1 and s.lease_until > now() and (e.enabled or s.container is not null or s.state <> 'stopped' or e.id is null)
                for update of s),
            free as (
                select s.extension_id, false as own from gofer.extension_statuses s left join gofer.extensions e on e.id = s.extension_id
                where (s.lease_until is null or s.lease_until <= now()) and (e.enabled or s.container is not null or s.state <> 'stopped' or e.id is null)
                    and (s.backend is null or s.backend = $2 or coalesce(s.lease_until, s.changed_at) < now() - interval '10 minutes')
                for update of s skip locked),
            held as (select * from own union all select * from free)
            update gofer.extension_statuses s set worker_id = $1, lease_until = now() + $3, fence = s.fence + case when h.own then 0 else 1 end
            from held h left join gofer.extensions e on e.id = h.extension_id where s.extension_id = h.extension_id
            returning s.extension_id, s.fence, s.name, case when e.enabled then e.definition end, s.generation, s.container, s.definition, s.port, s.backend,
                s.stdout_offset, s.stderr_offset, exists (select from gofer.extension_requests r where r.extension_id = s.extension_id and r.next_at <= now())
            """);
        command.Parameters.AddRange(new[] { Sql.P(worker), Sql.P(backend), Sql.P(lease) });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var held = new List<HeldExtension>();
        while (await row.ReadAsync(cancellationToken))
        {
            held.Add(new HeldExtension(new ExtensionHold(new ExtensionId(row.GetGuid(0)), row.GetInt64(1)), row.GetString(2))
            {
                Definition = row.Text(3),
                Generation = row.GetInt32(4),
                Container = row.IsDBNull(5) ? null : new ExtensionContainer(row.GetString(5), row.GetInt32(4), row.GetString(6), row.GetInt32(7), row.GetString(8)),
                Stdout = row.GetInt64(9),
                Stderr = row.GetInt64(10),
                HasRequests = row.GetBoolean(11),
            });
        }

        return held;
    }

    /// <inheritdoc/>
    public async Task LetGoAsync(Guid worker, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("update gofer.extension_statuses set lease_until = now(), worker_id = null where worker_id = $1");
        command.Parameters.Add(Sql.P(worker));
        await command.ExecuteNonQueryAsync(cancellationToken);
        notifier.Timers();
    }

    /// <inheritdoc/>
    public Task ContainerAsync(ExtensionHold hold, ExtensionContainer container, CancellationToken cancellationToken) => ChangeAsync(
        hold,
        """
        generation = $3, container = $4, definition = $5, port = $6, backend = $7, stdout_offset = 0, stderr_offset = 0, state = 'starting', started_at = null,
            restarts = restarts + case when $3 > 1 then 1 else 0 end, changed_at = now()
        """,
        cancellationToken, Sql.P(container.Generation), Sql.P(container.Name), Sql.P(container.Definition), Sql.P(container.Port), Sql.P(container.Backend));

    /// <inheritdoc/>
    public Task StateAsync(ExtensionHold hold, ExtensionState state, string? message, ExtensionDescription? description, CancellationToken cancellationToken) => ChangeAsync(
        hold,
        """
        state = $3, message = $4, description = coalesce($5, description), changed_at = now(),
            started_at = case when $3 = 'running' then coalesce(started_at, now()) when $3 = 'failing' then null else started_at end
        """,
        cancellationToken, Sql.P(StateText.Of(state)), Maybe(message, NpgsqlDbType.Text),
        Maybe(description is null ? null : JsonSerializer.Serialize(description, GoferJson.Options), NpgsqlDbType.Jsonb));

    /// <inheritdoc/>
    public async Task GoneAsync(ExtensionHold hold, ExtensionState state, string? message, CancellationToken cancellationToken)
    {
        await ChangeAsync(
            hold, "container = null, definition = null, port = null, backend = null, state = $3, message = $4, started_at = null, changed_at = now()",
            cancellationToken, Sql.P(StateText.Of(state)), Maybe(message, NpgsqlDbType.Text));
        // A crash before this leaves a row without a container, which the next holder finds.
        await using var batch = source.CreateBatch();
        foreach (var table in new[] { "extension_logs", "extension_requests", "extension_statuses" })
        {
            batch.BatchCommands.Add(Sql.Command(
                $"delete from gofer.{table} where extension_id = $1 and not exists (select from gofer.extensions e where e.id = $1)", Sql.P(hold.Extension.Value)));
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<WantedSubscription>> SubscriptionsAsync(ExtensionHold hold, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            with gone as (
                delete from gofer.extension_subscriptions u where u.extension_id = $1
                    and not exists (select from gofer.triggers t join gofer.extensions e on e.name = t.extension where t.id = u.trigger_id and t.enabled and e.id = $1))
            select t.id, t.namespace_id, n.name, t.pipeline_id, p.name, t.name, t.definition, greatest(t.modified_at, e.created_at), u.subscribed, u.state, u.cursor, u.since
            from gofer.extensions e join gofer.triggers t on t.extension = e.name join gofer.pipelines p on p.id = t.pipeline_id join gofer.namespaces n on n.id = t.namespace_id
            left join gofer.extension_subscriptions u on u.trigger_id = t.id and u.extension_id = e.id
            where e.id = $1 and t.enabled and p.deleted_at is null order by t.id
            """);
        command.Parameters.Add(Sql.P(hold.Extension.Value));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var wanted = new List<WantedSubscription>();
        while (await row.ReadAsync(cancellationToken))
        {
            var with = TriggerReader.ReadStored(row.GetString(6)).Extension!.With;
            var id = IdOf(hold.Extension, row.GetGuid(0), with);
            var known = row.Text(8) == id;
            wanted.Add(new WantedSubscription(
                id, new TriggerId(row.GetGuid(0)), new NamespaceId(row.GetGuid(1)), row.GetString(2), new PipelineId(row.GetGuid(3)), row.GetString(4), row.GetString(5), with)
            {
                State = known ? StateText.Parse<SubscriptionState>(row.GetString(9)) : SubscriptionState.Pending,
                Cursor = known ? row.GetString(10) : "",
                Since = row.GetFieldValue<DateTimeOffset>(known ? 11 : 7),
            });
        }

        return wanted;
    }

    /// <inheritdoc/>
    public async Task SubscribedAsync(ExtensionHold hold, WantedSubscription subscription, SubscriptionState state, string? message, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            insert into gofer.extension_subscriptions as u (trigger_id, extension_id, subscribed, state, message, cursor, since)
            select $1, $2, $3, $4, $5, '', $6 where exists (select from gofer.extension_statuses s where s.extension_id = $2 and s.fence = $7)
            on conflict (trigger_id) do update set state = excluded.state, message = excluded.message, changed_at = now(),
                cursor = case when u.subscribed = excluded.subscribed then u.cursor else '' end,
                since = case when u.subscribed = excluded.subscribed then u.since else excluded.since end,
                extension_id = excluded.extension_id, subscribed = excluded.subscribed
            """);
        command.Parameters.AddRange(new[]
        {
            Sql.P(subscription.Trigger.Value), Sql.P(hold.Extension.Value), Sql.P(subscription.Id), Sql.P(StateText.Of(state)),
            Maybe(message, NpgsqlDbType.Text), Sql.P(subscription.Since), Sql.P(hold.Fence),
        });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task AddAsync(ExtensionHold hold, IReadOnlyList<ExtensionEvent> events, CancellationToken cancellationToken)
    {
        var added = await transactions.RunInTimeAsync(
            async (session, token) =>
            {
                var mine = await session.ScalarAsync(
                    Sql.Command("select 1 from gofer.extension_statuses where extension_id = $1 and fence = $2 for share", Sql.P(hold.Extension.Value), Sql.P(hold.Fence)), token);
                if (mine is null) throw new ExtensionLostException();
                var triggers = (await session.ListAsync(
                    Sql.Command("select id, namespace_id, pipeline_id, name from gofer.triggers where id = any($1)", Sql.P(events.Select(e => e.Trigger.Value).Distinct().ToArray())),
                    row => (Id: row.GetGuid(0), Namespace: row.GetGuid(1), Pipeline: row.GetGuid(2), Name: row.GetString(3)), token)).ToDictionary(t => t.Id);
                var (writes, now) = (new Writes(), clock.GetUtcNow());
                // The ledger decides them in the order of their ids.
                var ids = new Queue<Guid>(events.Select(_ => Guid.CreateVersion7(now)).Order());
                foreach (var e in events)
                {
                    var id = ids.Dequeue();
                    if (!triggers.TryGetValue(e.Trigger.Value, out var trigger)) continue;
                    writes.Add(EventRows.Insert, EventRows.Parameters(
                        new NewTriggerEvent(id, new NamespaceId(trigger.Namespace), new PipelineId(trigger.Pipeline), e.Trigger, trigger.Name, EventKinds.Extension)
                        {
                            Headers = Headers(e),
                            Body = e.Data.ToArray(),
                            DedupeKeys = [EventKeys.OfExtension(e.Subscription, e.Id)],
                        }));
                    if (e.Cursor.Length > 0) writes.Add("update gofer.extension_subscriptions set cursor = $2 where trigger_id = $1 and subscribed = $3", Sql.P(e.Trigger.Value), Sql.P(e.Cursor), Sql.P(e.Subscription));
                }

                // A crash before the commit costs nothing: nobody was told that they are kept, and they come again. After it they come again too, under ids that are known.
                await session.CommitAsync(writes, token);
                return writes.Commands.Count;
            },
            cancellationToken);
        if (added > 0) notifier.Timers();
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ExternalRequest>> RequestsAsync(ExtensionHold hold, int take, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "select id, headers, body, received_at from gofer.extension_requests where extension_id = $1 and next_at <= now() order by received_at, id limit $2");
        command.Parameters.AddRange(new[] { Sql.P(hold.Extension.Value), Sql.P(take) });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var requests = new List<ExternalRequest>();
        while (await row.ReadAsync(cancellationToken))
        {
            requests.Add(new ExternalRequest(row.GetGuid(0), TextMap.Read(row.GetString(1)), row.GetFieldValue<byte[]>(2), row.GetFieldValue<DateTimeOffset>(3)));
        }

        return requests;
    }

    /// <inheritdoc/>
    public async Task<bool> PostponeAsync(Guid request, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            with kept as (
                update gofer.extension_requests set tries = tries + 1, next_at = now() + least(power(2, least(tries, 10)), 300) * interval '1 second'
                where id = $1 and received_at > now() - interval '24 hours' returning 1),
            gone as (delete from gofer.extension_requests where id = $1 and received_at <= now() - interval '24 hours')
            select exists (select from kept)
            """);
        command.Parameters.Add(Sql.P(request));
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <inheritdoc/>
    public async Task HandledAsync(Guid request, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("delete from gofer.extension_requests where id = $1");
        command.Parameters.Add(Sql.P(request));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task LogAsync(ExtensionHold hold, int generation, LogStream stream, long offset, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => transactions.RunInTimeAsync(
        async (session, token) =>
        {
            var column = stream == LogStream.Stdout ? "stdout_offset" : "stderr_offset";
            var mine = await session.ScalarAsync(
                Sql.Command(
                    $"update gofer.extension_statuses set {column} = $3 where extension_id = $1 and fence = $2 and generation = $4 returning 1",
                    Sql.P(hold.Extension.Value), Sql.P(hold.Fence), Sql.P(offset), Sql.P(generation)), token);
            if (mine is null) throw new ExtensionLostException();
            var writes = new Writes();
            if (bytes.Length > 0)
            {
                writes.Add(
                    """
                    insert into gofer.extension_logs (extension_id, seq, generation, stream, at, total, bytes)
                    select $1, coalesce(max(seq), 0) + 1, $2, $3, now(), coalesce(max(total), 0) + $4, $5 from gofer.extension_logs where extension_id = $1
                    """,
                    Sql.P(hold.Extension.Value), Sql.P(generation), Sql.P((short)stream), Sql.P((long)bytes.Length), Sql.P(bytes.ToArray()));
                writes.Add(
                    """
                    delete from gofer.extension_logs l using (select max(total) as total, max(seq) as seq from gofer.extension_logs where extension_id = $1) m
                    where l.extension_id = $1 and (l.total <= m.total - $2 or l.seq <= m.seq - $3)
                    """,
                    Sql.P(hold.Extension.Value), Sql.P((long)MaxLog), Sql.P((long)MaxPieces));
            }

            await session.CommitAsync(writes, token);
            return true;
        },
        cancellationToken);

    private async Task ChangeAsync(ExtensionHold hold, string set, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = source.CreateCommand($"update gofer.extension_statuses set {set} where extension_id = $1 and fence = $2");
        command.Parameters.Add(Sql.P(hold.Extension.Value));
        command.Parameters.Add(Sql.P(hold.Fence));
        command.Parameters.AddRange(parameters);
        if (await command.ExecuteNonQueryAsync(cancellationToken) == 0) throw new ExtensionLostException();
    }

    private static Dictionary<string, string> Headers(ExtensionEvent e)
    {
        var headers = new Dictionary<string, string> { ["Gofer-Event-Id"] = e.Id };
        if (e.Time is { } time) headers["Gofer-Event-Time"] = TriggerWriter.Text(time);
        return headers;
    }

    /// <summary>The trigger, and a hash of the extension and its parameters.</summary>
    private static string IdOf(ExtensionId extension, Guid trigger, IReadOnlyDictionary<string, string> with)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{extension}\0{string.Join('\0', with.OrderBy(w => w.Key, StringComparer.Ordinal).Select(w => $"{w.Key}\0{w.Value}"))}"));
        return $"{trigger}-{Convert.ToHexStringLower(hash)[..16]}";
    }

    private static NpgsqlParameter Maybe(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
