using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Gofer.Infrastructure.Postgres.Migrations;

/// <summary>Shared tasks with their versions, and what the runs that use some came to.</summary>
[DbContext(typeof(GoferDbContext))]
[Migration("20261128170000_SharedTasks")]
public sealed class SharedTasks : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(Sql);

    private const string Sql = """
        create table gofer.shared_tasks (
            id uuid primary key,
            -- null for a global one
            namespace_id uuid references gofer.namespaces (id) on delete cascade,
            name text collate "C" not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'),
            created_at timestamptz not null,
            modified_at timestamptz not null
        );
        create unique index shared_tasks_of_namespaces on gofer.shared_tasks (namespace_id, name) where namespace_id is not null;
        create unique index shared_tasks_global on gofer.shared_tasks (name) where namespace_id is null;

        create table gofer.shared_task_versions (
            id uuid primary key,
            task_id uuid not null references gofer.shared_tasks (id) on delete cascade,
            major integer not null check (major >= 0),
            minor integer not null check (minor >= 0),
            patch integer not null check (patch >= 0),
            -- a JSON object in its normal form, as text: it is compared
            definition text not null check (jsonb_typeof(definition::jsonb) = 'object'),
            content_hash text not null,
            created_at timestamptz not null,
            unique (task_id, major, minor, patch)
        );

        -- Null for a run that uses none: such a row is as long as it was before. No foreign key: what a run used stays when the shared task goes.
        -- Nor a check, for which every run there is would be read under a lock that nobody gets past.
        alter table gofer.runs add column shared_tasks jsonb;
        """;
}
