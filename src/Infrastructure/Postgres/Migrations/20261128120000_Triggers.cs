using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Gofer.Infrastructure.Postgres.Migrations;

/// <summary>Triggers, the ledger of their events, which of those are not decided yet, and the keys by which an event is known that came before.</summary>
[DbContext(typeof(GoferDbContext))]
[Migration("20261128120000_Triggers")]
public sealed class Triggers : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(Sql);

    private const string Sql = """
        create table gofer.triggers (
            id uuid primary key,
            namespace_id uuid not null,
            pipeline_id uuid not null references gofer.pipelines (id) on delete cascade,
            name text collate "C" not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'),
            type text not null check (type in ('cron', 'interval', 'webhook', 'github', 'pipeline')),
            source text not null check (source in ('api', 'document')),
            enabled boolean not null,
            -- a JSON object in its normal form, as text: it is compared
            definition text not null check (jsonb_typeof(definition::jsonb) = 'object'),
            overlap text not null check (overlap in ('allow', 'skip', 'queue_one', 'queue', 'cancel_oldest')),
            -- the first scheduled time that was not handled, and when that is due
            next_at timestamptz,
            due_at timestamptz,
            -- SHA-256 of the secret part of the URL, which has 256 random bits and is kept nowhere
            hook_hash bytea unique check (length(hook_hash) = 32),
            upstream_namespace text,
            upstream_pipeline text,
            upstream_states text[],
            revision integer not null,
            created_at timestamptz not null,
            modified_at timestamptz not null,
            unique (pipeline_id, name),
            check ((next_at is null) = (due_at is null)),
            check ((upstream_pipeline is null) = (upstream_states is null) and (upstream_pipeline is null) = (upstream_namespace is null))
        ) with (fillfactor = 70);
        create index on gofer.triggers (due_at) where due_at is not null;
        create index on gofer.triggers (upstream_namespace, upstream_pipeline) where upstream_pipeline is not null;

        -- No foreign keys: what happened stays when the trigger goes.
        create table gofer.trigger_events (
            id uuid primary key,
            namespace_id uuid not null,
            pipeline_id uuid not null,
            trigger_id uuid not null,
            trigger text collate "C" not null,
            kind text not null check (kind in ('schedule', 'hook', 'pipeline', 'manual', 'replay')),
            received_at timestamptz not null default now(),
            scheduled_for timestamptz,
            actor text,
            headers jsonb,
            body bytea,
            dedupe_keys text[],
            -- what was given by hand
            params jsonb,
            version integer,
            replay_of uuid,
            decision text check (decision in ('ran', 'deduplicated', 'filtered', 'overlapped', 'paused', 'missed', 'disabled', 'failed')),
            reason text,
            run bigint,
            run_version integer,
            duplicate_of uuid,
            decided_at timestamptz,
            check ((decision is null) = (decided_at is null)),
            check ((decision = 'ran') = (run is not null)),
            check (kind <> 'schedule' or scheduled_for is not null)
        ) with (fillfactor = 85);
        -- A scheduled time is one event, whatever dies.
        create unique index trigger_events_scheduled on gofer.trigger_events (trigger_id, scheduled_for) where kind = 'schedule';
        create index on gofer.trigger_events (pipeline_id, id);
        create index trigger_events_age on gofer.trigger_events using brin (received_at);

        create table gofer.open_trigger_events (
            event_id uuid primary key,
            trigger_id uuid not null,
            -- for the end of a run of the same trigger
            waits boolean not null default false
        ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
        create index on gofer.open_trigger_events (trigger_id, event_id) where waits;

        create table gofer.trigger_keys (
            trigger_id uuid not null,
            key text not null,
            event_id uuid not null,
            expires_at timestamptz not null,
            primary key (trigger_id, key)
        );
        create index on gofer.trigger_keys (expires_at);

        alter table gofer.active_runs add column trigger_id uuid;
        create index on gofer.active_runs (trigger_id, number) where trigger_id is not null;

        -- Time in the first 48 bits, as RFC 9562 has it: Postgres has one of its own from version 18 on.
        create function gofer.uuid_v7() returns uuid language sql volatile as $$
            select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
                placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid
        $$;
        """;
}
