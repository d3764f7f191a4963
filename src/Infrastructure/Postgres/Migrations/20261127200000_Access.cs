using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Gofer.Infrastructure.Postgres.Migrations;

/// <summary>Tokens of people, services and runs, roles, and whether the first token was made.</summary>
[DbContext(typeof(GoferDbContext))]
[Migration("20261127200000_Access")]
public sealed class Access : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(Sql);

    private const string Sql = """
        alter table gofer.install add column bootstrapped_at timestamptz;

        create table gofer.tokens (
            id text collate "C" primary key check (id ~ '^[0-9a-f]{16}$'),
            -- SHA-256 of the text, which has 256 random bits and is kept nowhere
            hash bytea not null check (length(hash) = 32),
            name text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'),
            roles text[] not null,
            namespaces text[] not null check (cardinality(namespaces) > 0),
            disabled boolean not null,
            revision integer not null,
            created_at timestamptz not null,
            created_by text,
            expires_at timestamptz not null,
            last_used_at timestamptz
        ) with (fillfactor = 80);
        create index on gofer.tokens (expires_at);

        -- what tasks were given; good as long as their run has not ended
        create table gofer.run_tokens (
            id text collate "C" primary key check (id ~ '^r[0-9a-f]{15}$'),
            hash bytea not null check (length(hash) = 32),
            run_id uuid not null
        );
        create index on gofer.run_tokens (run_id);

        create table gofer.roles (
            name text collate "C" primary key check (name ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'),
            description text not null,
            permissions jsonb not null,
            revision integer not null,
            created_at timestamptz not null,
            modified_at timestamptz not null
        );
        """;
}
