using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Gofer.Infrastructure.Postgres.Migrations;

/// <summary>Backfills: past times of triggers that are run, so many at a time, and which events and runs are of them.</summary>
[DbContext(typeof(GoferDbContext))]
[Migration("20261128160000_Backfills")]
public sealed class Backfills : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(Sql);

    private const string Sql = """
        -- No foreign keys: what was done stays when the trigger goes.
        create table gofer.backfills (
            id uuid primary key,
            namespace_id uuid not null,
            pipeline_id uuid not null,
            trigger_id uuid not null,
            trigger text collate "C" not null,
            state text not null check (state in ('running', 'paused', 'cancelling', 'cancelled', 'completed')),
            reason text,
            "from" timestamptz not null,
            "to" timestamptz not null,
            "limit" integer check ("limit" > 0),
            parallel integer not null check (parallel between 1 and 100),
            reverse boolean not null,
            version integer,
            params jsonb,
            -- every time, in the order in which they are taken: the first so many as were made are events
            times timestamptz[] not null,
            total integer not null check (total between 1 and 10000),
            made integer not null default 0 check (made between 0 and total),
            actor text,
            created_at timestamptz not null,
            ended_at timestamptz,
            check ("from" < "to"),
            check (total = cardinality(times)),
            check ((ended_at is not null) = (state in ('cancelled', 'completed'))),
            check (state <> 'completed' or made = total)
        ) with (fillfactor = 70);
        create index on gofer.backfills (pipeline_id, id);
        create index backfills_open on gofer.backfills (id, pipeline_id) where ended_at is null;
        create index backfills_ended on gofer.backfills (ended_at) where ended_at is not null;

        alter table gofer.trigger_events
            add column backfill_id uuid,
            drop constraint trigger_events_kind_check,
            drop constraint trigger_events_decision_check,
            add constraint trigger_events_kind_check check (kind in ('schedule', 'hook', 'pipeline', 'manual', 'replay', 'backfill')),
            add constraint trigger_events_decision_check
                check (decision in ('ran', 'deduplicated', 'filtered', 'overlapped', 'paused', 'missed', 'disabled', 'cancelled', 'failed')),
            add constraint trigger_events_backfill_check check ((kind = 'backfill') = (backfill_id is not null) and (kind <> 'backfill' or scheduled_for is not null));
        -- A time of a backfill is one event, whatever dies.
        create unique index trigger_events_backfill on gofer.trigger_events (backfill_id, scheduled_for) where backfill_id is not null;

        alter table gofer.open_trigger_events add column backfill_id uuid;
        create index on gofer.open_trigger_events (backfill_id) where backfill_id is not null;

        alter table gofer.active_runs add column backfill_id uuid;
        create index on gofer.active_runs (backfill_id) where backfill_id is not null;
        """;
}
