using Npgsql;

namespace Gofer.Tests.Chaos.Checks;

/// <summary>A committed write that moved a task or its fence: who wrote it, and what was there before and after.</summary>
internal sealed record Write(
    long Id, DateTimeOffset At, string By, Guid Run, int Task, int Attempt, string Before, string After, Guid? HolderBefore, Guid? HolderAfter, long FenceBefore,
    long FenceAfter, bool Bound)
{
    /// <summary>A worker took the task.</summary>
    public bool IsClaim => After == "starting" && Before != "starting";

    /// <summary>A worker took an attempt that nobody had had: no process of it can be anywhere.</summary>
    public bool IsFirstClaim => IsClaim && !Bound;

    /// <summary>The task went back from a worker to the queue.</summary>
    public bool IsRequeue => HolderBefore is not null && After == "ready";
}

/// <summary>A worker's registration: which process it is; who ended it, and until when its lease held then.</summary>
internal sealed record Lease(Guid Worker, string Process, DateTimeOffset TakenAt, DateTimeOffset? RemovedAt, string? RemovedBy, DateTimeOffset? Until);

/// <summary>
/// The database's own record of who wrote what, kept by triggers that the harness puts there: Gofer does not know of it. Writers are told
/// apart by their <c>application_name</c>, which is the process's name.
/// </summary>
internal sealed class Audit
{
    private const string Schema =
        """
        create schema chaos;
        create table chaos.writes (
            id bigint generated always as identity primary key, tx xid8 not null default pg_current_xact_id(),
            at timestamptz not null default clock_timestamp(), by text not null default current_setting('application_name'),
            run_id uuid not null, task int not null, attempt int not null, before text not null, after text not null,
            holder_before uuid, holder_after uuid, fence_before bigint not null, fence_after bigint not null, bound boolean not null);
        create index on chaos.writes (tx);
        create table chaos.leases (
            worker uuid primary key, process text not null, taken_at timestamptz not null default clock_timestamp(), removed_at timestamptz, removed_by text, lease_until timestamptz);

        create function chaos.note_write() returns trigger language plpgsql as $$
        begin
            insert into chaos.writes (run_id, task, attempt, before, after, holder_before, holder_after, fence_before, fence_after, bound)
            values (new.run_id, new.task, new.attempt, old.state, new.state, old.worker_id, new.worker_id, old.fence, new.fence, old.backend is not null);
            return null;
        end $$;
        create trigger chaos_note after update on gofer.task_executions for each row
            when (old.state is distinct from new.state or old.fence is distinct from new.fence or old.worker_id is distinct from new.worker_id)
            execute function chaos.note_write();

        create function chaos.note_lease() returns trigger language plpgsql as $$
        begin
            if tg_op = 'INSERT' then
                insert into chaos.leases (worker, process) values (new.id, new.name);
            else
                update chaos.leases set removed_at = clock_timestamp(), removed_by = current_setting('application_name'), lease_until = old.lease_until
                where worker = old.id;
            end if;
            return null;
        end $$;
        create trigger chaos_note after insert or delete on gofer.workers for each row execute function chaos.note_lease();

        create table chaos.stops (run_id uuid not null, reason text, at timestamptz not null default clock_timestamp());
        create function chaos.note_stop() returns trigger language plpgsql as $$
        begin
            insert into chaos.stops (run_id, reason) values (new.id, new.cancel_reason);
            return null;
        end $$;
        create trigger chaos_note after update on gofer.runs for each row
            when (old.cancel_requested_at is null and new.cancel_requested_at is not null) execute function chaos.note_stop();
        """;

    private readonly List<Write> _writes = [];
    private long _lastTx;
    private long _lastId;

    /// <summary>All writes that were committed. Those of one task follow each other by their ids, which are taken under the lock of its run.</summary>
    public IReadOnlyList<Write> Writes => _writes;

    /// <summary>Registrations by worker id.</summary>
    public IReadOnlyDictionary<Guid, Lease> Leases { get; private set; } = new Dictionary<Guid, Lease>();

    /// <summary>When a stop of a run was written and for what reason; more than one for a run is one too many.</summary>
    public ILookup<Guid, (string? Reason, DateTimeOffset At)> Stops { get; private set; } = Array.Empty<(string?, DateTimeOffset)>().ToLookup(_ => Guid.Empty);

    public static async Task InstallAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(Schema, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Reads what is new. What is younger than a transaction that is still open waits, so that nothing is passed over.</summary>
    public async Task ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            select id, at, by, run_id, task, attempt, before, after, holder_before, holder_after, fence_before, fence_after, bound, tx::text::bigint
            from chaos.writes where (tx, id) > ($1::text::xid8, $2) and tx < pg_snapshot_xmin(pg_current_snapshot()) order by tx, id
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = _lastTx.ToString(System.Globalization.CultureInfo.InvariantCulture) });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = _lastId });
        await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
            {
                _writes.Add(new Write(
                    rows.GetInt64(0), rows.GetFieldValue<DateTimeOffset>(1), rows.GetString(2), rows.GetGuid(3), rows.GetInt32(4), rows.GetInt32(5),
                    rows.GetString(6), rows.GetString(7), Maybe(rows, 8), Maybe(rows, 9), rows.GetInt64(10), rows.GetInt64(11),
                    rows.GetBoolean(12)));
                (_lastId, _lastTx) = (rows.GetInt64(0), rows.GetInt64(13));
            }
        }

        var leases = await connection.ListAsync(
            "select worker, process, taken_at, removed_at, removed_by, lease_until from chaos.leases",
            row => new Lease(
                row.GetGuid(0), row.GetString(1), row.GetFieldValue<DateTimeOffset>(2), Facts.Time(row, 3), Facts.Text(row, 4), Facts.Time(row, 5)),
            cancellationToken);
        Leases = leases.ToDictionary(l => l.Worker);
        var stops = await connection.ListAsync(
            "select run_id, reason, at from chaos.stops", row => (Run: row.GetGuid(0), Reason: Facts.Text(row, 1), At: row.GetFieldValue<DateTimeOffset>(2)), cancellationToken);
        Stops = stops.ToLookup(s => s.Run, s => (s.Reason, s.At));
    }

    private static Guid? Maybe(NpgsqlDataReader rows, int ordinal) => rows.IsDBNull(ordinal) ? null : rows.GetGuid(ordinal);
}
