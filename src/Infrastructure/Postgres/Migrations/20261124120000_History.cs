using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Gofer.Infrastructure.Postgres.Migrations;

/// <summary>
/// The tables of the engine, which EF cannot describe: history partitioned by ranges of the run's UUIDv7, and the small hot tables.
/// No index, not even a partial one's predicate, names a column that the engine updates, so its updates stay heap-only.
/// </summary>
[DbContext(typeof(GoferDbContext))]
[Migration("20261124120000_History")]
public sealed class History : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(Sql);

    private const string Sql = """
        create table gofer.install (
            singleton boolean primary key default true check (singleton),
            id uuid not null default gen_random_uuid(),
            created_at timestamptz not null default now()
        );
        insert into gofer.install default values;

        -- the minor versions of the product whose migrations were applied here
        create table gofer.schema_releases (
            major integer not null,
            minor integer not null,
            applied_at timestamptz not null default now(),
            primary key (major, minor)
        );
        insert into gofer.namespaces (id, name, description, revision, created_at, modified_at)
            values (gen_random_uuid(), 'default', '', 1, now(), now());

        create table gofer.runs (
            id uuid not null primary key,
            namespace_id uuid not null,
            pipeline_id uuid not null,
            number bigint not null check (number > 0),
            version integer not null check (version > 0),
            version_reason text not null,
            state text not null check (state in ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
            reason text,
            message text,
            trigger text not null,
            variables jsonb not null,
            labels jsonb not null,
            open integer not null check (open >= 0),
            first_failed integer,
            first_cancelled integer,
            event_seq integer not null,
            created_at timestamptz not null,
            started_at timestamptz,
            ended_at timestamptz,
            cancel_requested_at timestamptz,
            cancel_message text,
            constraint ck_runs_ended check ((ended_at is not null) = (state in ('succeeded', 'failed', 'cancelled'))),
            constraint ck_runs_open check (open > 0 or state in ('succeeded', 'failed', 'cancelled'))
        ) partition by range (id);
        create index ix_runs_pipeline on gofer.runs (pipeline_id, id);
        create index ix_runs_namespace on gofer.runs (namespace_id, id);

        create table gofer.task_executions (
            run_id uuid not null,
            task integer not null check (task >= 0),
            state text not null check (state in ('waiting', 'ready', 'starting', 'running', 'succeeded', 'failed', 'cancelled', 'skipped')),
            reason text,
            message text,
            attempt integer not null,
            fence bigint not null,
            worker_id uuid,
            backend text,
            open_parents integer not null check (open_parents >= 0),
            blocked_by integer,
            skipped_by integer,
            exit_code integer,
            scheduler text,
            node text,
            image_digest text,
            ready_at timestamptz,
            started_at timestamptz,
            ended_at timestamptz,
            stop_requested_at timestamptz,
            stop_message text,
            primary key (run_id, task),
            constraint ck_task_executions_ended check ((ended_at is not null) = (state in ('succeeded', 'failed', 'cancelled', 'skipped'))),
            constraint ck_task_executions_worker check ((worker_id is not null) = (state in ('starting', 'running')))
        ) partition by range (run_id);

        create table gofer.run_events (
            run_id uuid not null,
            seq integer not null check (seq > 0),
            type text not null,
            at timestamptz not null,
            task integer,
            attempt integer,
            data jsonb not null,
            transaction xid8 not null default pg_current_xact_id(),
            primary key (run_id, seq)
        ) partition by range (run_id);

        create sequence gofer.log_rows as bigint cache 32;
        create table gofer.log_chunks (
            run_id uuid not null,
            task integer not null,
            attempt integer not null,
            seq integer not null check (seq > 0),
            stream smallint not null check (stream in (1, 2)),
            stream_end bigint not null,
            first_piece bigint not null,
            last_piece bigint not null,
            at timestamptz not null default now(),
            transaction xid8 not null default pg_current_xact_id(),
            row bigint not null default nextval('gofer.log_rows'),
            compressed boolean not null,
            bytes bytea not null,
            primary key (run_id, task, attempt, seq)
        ) partition by range (run_id);
        -- whole runs are read in order of arrival
        create index ix_log_chunks_arrival on gofer.log_chunks (run_id, transaction, row);
        alter table gofer.log_chunks alter column bytes set storage external;

        -- a terminal row never changes, whatever the code believes
        create function gofer.refuse_change_of_terminal() returns trigger language plpgsql as $$
        begin
            if old.ended_at is not null and new is distinct from old then
                raise exception 'a terminal row of % is immutable', tg_table_name using errcode = 'integrity_constraint_violation';
            end if;
            return new;
        end $$;
        create trigger runs_terminal before update on gofer.runs for each row execute function gofer.refuse_change_of_terminal();
        create trigger task_executions_terminal before update on gofer.task_executions for each row execute function gofer.refuse_change_of_terminal();

        create table gofer.run_numbers (
            pipeline_id uuid not null,
            number bigint not null,
            run_id uuid not null,
            primary key (pipeline_id, number)
        );

        -- one row for each run that has not ended; an admitted one holds a slot of its pipeline
        create table gofer.active_runs (
            run_id uuid not null primary key,
            pipeline_id uuid not null,
            number bigint not null,
            admitted boolean not null
        ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
        create index ix_active_runs_pipeline on gofer.active_runs (pipeline_id, number);

        -- a row for a task that is ready, and for nothing else
        create table gofer.ready_tasks (
            rank smallint not null, -- lower goes first
            virtual_time bigint not null,
            seq bigint generated always as identity,
            run_id uuid not null,
            task integer not null,
            namespace_id uuid not null,
            pipeline_id uuid not null,
            backend text,
            selector text,
            primary key (rank, virtual_time, seq)
        ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

        create table gofer.workers (
            id uuid not null primary key,
            name text not null,
            scheduler text not null,
            backend text not null,
            node text not null,
            started_at timestamptz not null default now(),
            lease_until timestamptz not null
        ) with (fillfactor = 50);

        create table gofer.idempotency_keys (
            scope text not null,
            key text not null,
            hash bytea not null,
            status integer,
            location text,
            body text,
            created_at timestamptz not null default now(),
            primary key (scope, key)
        );
        create index ix_idempotency_keys_created on gofer.idempotency_keys (created_at);
        """;
}
