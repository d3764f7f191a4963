using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Gofer.Infrastructure.Postgres.Migrations;

/// <summary>Objects; bytes that no object has, or none yet; and the bytes themselves where they are kept here.</summary>
[DbContext(typeof(GoferDbContext))]
[Migration("20261127160000_Objects")]
public sealed class Objects : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(Sql);

    private const string Sql = """
        create table gofer.objects (
            -- the pipeline or the run; no foreign key: the ids of what is gone come never again
            owner uuid not null,
            key text collate "C" not null check (key ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'),
            kind text not null check (kind in ('pipeline', 'run')),
            pipeline_id uuid not null,
            run_number bigint,
            blob uuid not null,
            size bigint not null check (size >= 0),
            sha256 bytea not null,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            primary key (owner, key),
            check ((kind = 'run') = (run_number is not null))
        );
        create index on gofer.objects (pipeline_id, run_number);
        create index on gofer.objects (updated_at) where run_number is not null;

        create table gofer.object_garbage (
            blob uuid primary key,
            due_at timestamptz not null,
            -- its bytes are being deleted, or were: nobody makes them an object's any more
            doomed boolean not null
        );
        create index on gofer.object_garbage (due_at);

        -- where the bytes are, for every process alike
        alter table gofer.install add column object_store text;

        create table gofer.object_chunks (
            blob uuid not null,
            number integer not null,
            data bytea not null,
            primary key (blob, number)
        );
        -- what is worth compressing its author compresses; and a piece is read whole
        alter table gofer.object_chunks alter column data set storage external;
        """;
}
