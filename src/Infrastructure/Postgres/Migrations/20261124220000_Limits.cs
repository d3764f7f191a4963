using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Gofer.Infrastructure.Postgres.Migrations;

/// <summary>
/// Retries, timeouts, limits and fairness: attempts beside executions, timers, slots of limits with what waits for them, and the virtual
/// clocks of namespaces by which the queue is fair.
/// </summary>
[DbContext(typeof(GoferDbContext))]
[Migration("20261124220000_Limits")]
public sealed class Limits : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(Sql);

    private const string Sql = """
        alter table gofer.install add column task_limit integer not null default 0 check (task_limit >= 0);

        alter table gofer.runs
            add column params jsonb not null default '{}',
            add column priority smallint not null default 0,
            add column cancel_reason text,
            add column rerun_of bigint;

        alter table gofer.task_executions
            add column worst text check (worst in ('succeeded', 'failed', 'cancelled', 'skipped')),
            add column waiting_for text check (waiting_for in ('retry', 'concurrency')),
            add column wait_until timestamptz,
            add column holds_slots boolean not null default false,
            add column deaths smallint not null default 0,
            add column stop_reason text,
            add column reused_run uuid,
            add column reused_number bigint,
            add column reused_task integer;

        -- attempts that failed and were followed by another; the newest attempt is the execution itself
        create table gofer.task_attempts (
            run_id uuid not null,
            task integer not null,
            attempt integer not null check (attempt > 0),
            reason text,
            message text,
            exit_code integer,
            scheduler text,
            node text,
            image_digest text,
            started_at timestamptz,
            ended_at timestamptz not null,
            primary key (run_id, task, attempt)
        ) partition by range (run_id);

        -- pending runs are found by priority, admitted ones are counted, without reading the rest; an admission is the one update that
        -- this index costs, once for each run that had to wait
        drop index gofer.ix_active_runs_pipeline;
        alter table gofer.active_runs add column rank smallint not null default 0;
        create index ix_active_runs_pipeline on gofer.active_runs (pipeline_id, admitted, rank, number);

        -- task -1 is the run itself
        create table gofer.timers (
            run_id uuid not null,
            task integer not null,
            due_at timestamptz not null,
            primary key (run_id, task)
        ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
        create index ix_timers_due on gofer.timers (due_at);

        -- One row is one limit; who takes or frees slots of it locks the row. The number of a concurrency key stands here, that of a namespace
        -- and of the install in their own rows.
        create table gofer.limits (
            id bigint generated always as identity primary key,
            kind text not null check (kind in ('install', 'namespace', 'concurrency')),
            namespace_id uuid not null,
            key text not null,
            number integer not null,
            pipeline_id uuid,
            task text,
            unique (kind, namespace_id, key)
        );
        create index ix_limits_pipeline on gofer.limits (pipeline_id, task) where pipeline_id is not null;

        create table gofer.slots (
            limit_id bigint not null,
            run_id uuid not null,
            task integer not null,
            primary key (limit_id, run_id, task)
        ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
        create index ix_slots_holder on gofer.slots (run_id, task);

        -- ready but for a slot of limit_id
        create table gofer.held_tasks (
            limit_id bigint not null,
            rank smallint not null,
            virtual_time bigint not null,
            seq bigint generated always as identity,
            run_id uuid not null,
            task integer not null,
            primary key (limit_id, rank, virtual_time, seq)
        ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
        create unique index ix_held_tasks_task on gofer.held_tasks (run_id, task);

        alter table gofer.ready_tasks add column aged_at timestamptz not null default now();

        create table gofer.namespace_clocks (
            namespace_id uuid not null primary key,
            virtual_time bigint not null
        ) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

        -- where the queue has come to: a namespace that was idle begins here and not in the past
        create table gofer.queue_floor (
            singleton boolean primary key default true check (singleton),
            virtual_time bigint not null default 0
        ) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
        insert into gofer.queue_floor default values;
        """;
}
