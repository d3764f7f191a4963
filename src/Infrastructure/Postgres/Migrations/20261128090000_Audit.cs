using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Gofer.Infrastructure.Postgres.Migrations;

/// <summary>The audit log: entries that nobody changes, which of them wait for their seal, and the chain of seals.</summary>
[DbContext(typeof(GoferDbContext))]
[Migration("20261128090000_Audit")]
public sealed class Audit : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(Sql);

    private const string Sql = """
        create table gofer.audit (
            id bigint generated always as identity primary key,
            at timestamptz not null default clock_timestamp(),
            type text collate "C" not null check (type ~ '^[a-z_]+\.[a-z_]+$'),
            outcome text not null check (outcome in ('done', 'denied', 'asked')),
            actor text,
            actor_name text,
            namespace text,
            pipeline text,
            subject text,
            -- a JSON object, as text: its bytes are what is hashed
            data text not null check (jsonb_typeof(data::jsonb) = 'object'),
            trace_id text
        );

        create table gofer.audit_open (entry bigint primary key) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

        create table gofer.audit_seals (
            seq bigint primary key check (seq > 0),
            entry bigint not null unique,
            hash bytea not null check (length(hash) = 32)
        );

        create view gofer.audit_log as
            select s.seq, s.hash, a.at, a.type, a.outcome, a.actor, a.actor_name, a.namespace, a.pipeline, a.subject, a.data, a.trace_id
            from gofer.audit_seals s join gofer.audit a on a.id = s.entry;

        create function gofer.open_audit_entries() returns trigger language plpgsql as $$
        begin
            insert into gofer.audit_open (entry) select id from written;
            return null;
        end $$;

        create trigger audit_opens after insert on gofer.audit referencing new table as written for each statement execute function gofer.open_audit_entries();

        create function gofer.refuse_change() returns trigger language plpgsql as $$
        begin
            raise exception 'gofer.% is append-only', tg_table_name using errcode = 'insufficient_privilege';
        end $$;

        create trigger audit_append_only before update or delete or truncate on gofer.audit for each statement execute function gofer.refuse_change();
        create trigger audit_seals_append_only before update or delete or truncate on gofer.audit_seals for each statement execute function gofer.refuse_change();
        """;
}
