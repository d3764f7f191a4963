using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Gofer.Infrastructure.Postgres.Migrations;

/// <summary>The version that was live before the live one; of pipelines from before this it is not known.</summary>
[DbContext(typeof(GoferDbContext))]
[Migration("20261124130000_PreviousLive")]
public sealed class PreviousLive : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        """
        alter table gofer.pipeline_heads
            add column previous_live_version integer,
            add constraint ck_pipeline_heads_previous check (previous_live_version between 1 and last_version);
        """);
}
