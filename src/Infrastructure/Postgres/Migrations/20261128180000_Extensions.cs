using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Gofer.Infrastructure.Postgres.Migrations;

/// <summary>Extensions: how they are run, what became of them, who subscribes, what was sent to their URLs, and what they wrote.</summary>
[DbContext(typeof(GoferDbContext))]
[Migration("20261128180000_Extensions")]
public sealed class Extensions : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(Sql);

    private const string Sql = """
        create table gofer.extensions (
            id uuid primary key,
            name text collate "C" not null unique,
            enabled boolean not null,
            definition text not null,
            hook_hash bytea not null unique,
            revision integer not null,
            created_at timestamptz not null,
            modified_at timestamptz not null
        );

        -- What became of it. The row stays when the extension goes, until whoever holds it has ended its container.
        create table gofer.extension_statuses (
            extension_id uuid primary key,
            name text collate "C" not null,
            -- who sees to it, until when; the fence grows with each change of hands
            worker_id uuid,
            lease_until timestamptz,
            fence bigint not null default 0,
            -- containers that were started for it, and the one that may live: where, by what definition, at which port
            generation integer not null default 0,
            container text,
            backend text,
            definition text,
            port integer,
            -- bytes of its output that were stored
            stdout_offset bigint not null default 0,
            stderr_offset bigint not null default 0,
            state text not null default 'stopped' check (state in ('stopped', 'starting', 'running', 'failing')),
            message text,
            description jsonb,
            restarts integer not null default 0,
            started_at timestamptz,
            changed_at timestamptz not null default now(),
            check ((container is null) = (definition is null))
        ) with (fillfactor = 70);

        create table gofer.extension_subscriptions (
            trigger_id uuid primary key,
            extension_id uuid not null,
            -- the id of what was subscribed: another one where the extension or a parameter is
            subscribed text collate "C" not null,
            state text not null check (state in ('pending', 'active', 'refused')),
            message text,
            -- where the extension goes on
            cursor text collate "C" not null default '',
            since timestamptz not null,
            changed_at timestamptz not null default now()
        );
        create index on gofer.extension_subscriptions (extension_id);

        create table gofer.extension_requests (
            id uuid primary key,
            extension_id uuid not null,
            headers jsonb not null,
            body bytea not null,
            received_at timestamptz not null default now(),
            -- how often the extension did not take it, and when it is offered again
            tries integer not null default 0,
            next_at timestamptz not null default now()
        );
        create index on gofer.extension_requests (extension_id, received_at);

        create table gofer.extension_logs (
            extension_id uuid not null,
            seq bigint not null,
            generation integer not null,
            stream smallint not null,
            at timestamptz not null,
            -- bytes of all that was ever kept of it up to here
            total bigint not null,
            bytes bytea not null,
            primary key (extension_id, seq)
        );

        alter table gofer.trigger_events
            drop constraint trigger_events_kind_check,
            add constraint trigger_events_kind_check check (kind in ('schedule', 'hook', 'pipeline', 'extension', 'manual', 'replay', 'backfill'));
        alter table gofer.triggers
            add column extension text collate "C",
            drop constraint triggers_type_check,
            add constraint triggers_type_check check (type in ('cron', 'interval', 'webhook', 'github', 'pipeline', 'extension')),
            add constraint triggers_extension_check check ((type = 'extension') = (extension is not null));
        create index on gofer.triggers (extension) where extension is not null;
        """;
}
