using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Gofer.Infrastructure.Postgres.Migrations
{
    /// <inheritdoc />
    public partial class Configuration : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "gofer");

            migrationBuilder.CreateTable(
                name: "namespaces",
                schema: "gofer",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    description = table.Column<string>(type: "text", nullable: false),
                    revision = table.Column<int>(type: "integer", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    modified_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    deleted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_namespaces", x => x.id);
                    table.CheckConstraint("ck_namespaces_name", "name ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'");
                });

            migrationBuilder.CreateTable(
                name: "pipelines",
                schema: "gofer",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    namespace_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    title = table.Column<string>(type: "text", nullable: false),
                    description = table.Column<string>(type: "text", nullable: false),
                    revision = table.Column<int>(type: "integer", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    modified_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    deleted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_pipelines", x => x.id);
                    table.CheckConstraint("ck_pipelines_name", "name ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'");
                    table.ForeignKey(
                        name: "fk_pipelines_namespaces_namespace_id",
                        column: x => x.namespace_id,
                        principalSchema: "gofer",
                        principalTable: "namespaces",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "pipeline_heads",
                schema: "gofer",
                columns: table => new
                {
                    pipeline_id = table.Column<Guid>(type: "uuid", nullable: false),
                    last_run = table.Column<long>(type: "bigint", nullable: false),
                    last_version = table.Column<int>(type: "integer", nullable: false),
                    live_version = table.Column<int>(type: "integer", nullable: false),
                    parallelism = table.Column<int>(type: "integer", nullable: false),
                    paused = table.Column<bool>(type: "boolean", nullable: false),
                    deleted = table.Column<bool>(type: "boolean", nullable: false),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_pipeline_heads", x => x.pipeline_id);
                    table.CheckConstraint("ck_pipeline_heads_numbers", "last_run >= 0 and last_version >= 0 and live_version between 0 and last_version");
                    table.CheckConstraint("ck_pipeline_heads_parallelism", "parallelism >= 0");
                    table.ForeignKey(
                        name: "fk_pipeline_heads_pipelines_pipeline_id",
                        column: x => x.pipeline_id,
                        principalSchema: "gofer",
                        principalTable: "pipelines",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "pipeline_versions",
                schema: "gofer",
                columns: table => new
                {
                    pipeline_id = table.Column<Guid>(type: "uuid", nullable: false),
                    version = table.Column<int>(type: "integer", nullable: false),
                    content_hash = table.Column<string>(type: "text", nullable: false),
                    document = table.Column<string>(type: "json", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_pipeline_versions", x => new { x.pipeline_id, x.version });
                    table.CheckConstraint("ck_pipeline_versions_version", "version > 0");
                    table.ForeignKey(
                        name: "fk_pipeline_versions_pipelines_pipeline_id",
                        column: x => x.pipeline_id,
                        principalSchema: "gofer",
                        principalTable: "pipelines",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_namespaces_name",
                schema: "gofer",
                table: "namespaces",
                column: "name",
                unique: true,
                filter: "deleted_at is null");

            migrationBuilder.CreateIndex(
                name: "ix_pipelines_namespace_id_name",
                schema: "gofer",
                table: "pipelines",
                columns: new[] { "namespace_id", "name" },
                unique: true,
                filter: "deleted_at is null");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "pipeline_heads",
                schema: "gofer");

            migrationBuilder.DropTable(
                name: "pipeline_versions",
                schema: "gofer");

            migrationBuilder.DropTable(
                name: "pipelines",
                schema: "gofer");

            migrationBuilder.DropTable(
                name: "namespaces",
                schema: "gofer");
        }
    }
}
