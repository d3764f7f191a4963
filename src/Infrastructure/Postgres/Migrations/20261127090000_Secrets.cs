using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Gofer.Infrastructure.Postgres.Migrations;

/// <summary>Secrets, sealed; what the secrets of running attempts were when those began; and proofs of the keys that this install knows.</summary>
[DbContext(typeof(GoferDbContext))]
[Migration("20261127090000_Secrets")]
public sealed class Secrets : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(Sql);

    private const string Sql = """
        create table gofer.secrets (
            -- the pipeline, the namespace, or zeros for the install's own; no foreign key: the ids of what is gone come never again
            owner uuid not null,
            key text collate "C" not null check (key ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'),
            kind text not null check (kind in ('pipeline', 'namespace', 'global')),
            version integer not null check (version > 0),
            created_at timestamptz not null,
            updated_at timestamptz not null,
            namespaces text[] not null,
            key_name text collate "C" not null,
            wrapped_key bytea not null,
            value bytea not null,
            primary key (owner, key),
            check ((kind = 'global') = (owner = '00000000-0000-0000-0000-000000000000'))
        );

        create table gofer.attempt_secrets (
            run_id uuid not null,
            task integer not null,
            attempt integer not null,
            key_name text collate "C" not null,
            wrapped_key bytea not null,
            value bytea not null,
            primary key (run_id, task, attempt)
        );

        create table gofer.secret_keys (
            name text collate "C" primary key,
            wrapped_key bytea not null,
            value bytea not null,
            created_at timestamptz not null default now()
        );
        """;
}
