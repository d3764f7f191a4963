using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Gofer.Infrastructure.Postgres.Migrations;

/// <summary>Notifications, the runs that ended and of which nobody was told yet, and the ledger of what is told.</summary>
[DbContext(typeof(GoferDbContext))]
[Migration("20261128140000_Notifications")]
public sealed class Notifications : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(Sql);

    private const string Sql = """
        create table gofer.notifications (
            id uuid primary key,
            namespace_id uuid not null,
            -- null for one of the namespace, which is told of all its pipelines
            pipeline_id uuid references gofer.pipelines (id) on delete cascade,
            name text collate "C" not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'),
            source text not null check (source in ('api', 'document')),
            enabled boolean not null,
            -- a JSON object in its normal form, as text: it is compared
            definition text not null check (jsonb_typeof(definition::jsonb) = 'object'),
            longer_than interval check (longer_than > interval '0'),
            revision integer not null,
            created_at timestamptz not null,
            modified_at timestamptz not null
        );
        create unique index notifications_of_pipelines on gofer.notifications (pipeline_id, name) where pipeline_id is not null;
        create unique index notifications_of_namespaces on gofer.notifications (namespace_id, name) where pipeline_id is null;
        create index notifications_overdue on gofer.notifications (id) where enabled and longer_than is not null;

        -- A row for a run that ended while somebody wanted to be told, until the ledger has what is told.
        create table gofer.ended_runs (
            run_id uuid primary key,
            pipeline_id uuid not null,
            namespace_id uuid not null,
            number bigint not null,
            version integer not null,
            state text not null check (state in ('succeeded', 'failed', 'cancelled')),
            reason text,
            message text,
            started_at timestamptz,
            ended_at timestamptz not null
        ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

        -- No foreign keys: what happened stays when the notification goes.
        create table gofer.deliveries (
            id uuid primary key,
            notification_id uuid not null,
            notification text collate "C" not null,
            namespace_id uuid not null,
            pipeline_id uuid not null,
            run bigint not null,
            run_id uuid not null,
            event text not null,
            outcome text not null check (outcome in ('cancelled', 'failed', 'longer_than', 'recovered', 'succeeded')),
            -- what is sent, the same at each attempt
            body bytea not null,
            state text not null default 'open' check (state in ('open', 'delivered', 'failed', 'refused')),
            attempts integer not null default 0 check (attempts >= 0),
            due_at timestamptz not null default now(),
            last_status integer,
            last_message text,
            created_at timestamptz not null default now(),
            decided_at timestamptz,
            -- One of each for a run, whatever dies.
            unique (run_id, notification_id, outcome),
            check ((state = 'open') = (decided_at is null))
        ) with (fillfactor = 85);
        create index deliveries_due on gofer.deliveries (due_at) where state = 'open';
        create index on gofer.deliveries (pipeline_id, id);
        create index on gofer.deliveries (namespace_id, id);
        create index deliveries_age on gofer.deliveries using brin (created_at);
        """;
}
