using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Gofer.Infrastructure.Postgres.Migrations
{
    /// <inheritdoc />
    public partial class Shares : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "on_limit",
                schema: "gofer",
                table: "pipeline_heads",
                type: "text",
                nullable: false,
                defaultValue: "queue");

            migrationBuilder.AddColumn<int>(
                name: "priority",
                schema: "gofer",
                table: "pipeline_heads",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<int>(
                name: "task_limit",
                schema: "gofer",
                table: "namespaces",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<int>(
                name: "weight",
                schema: "gofer",
                table: "namespaces",
                type: "integer",
                nullable: false,
                defaultValue: 1);

            migrationBuilder.AddCheckConstraint(
                name: "ck_pipeline_heads_on_limit",
                schema: "gofer",
                table: "pipeline_heads",
                sql: "on_limit in ('queue', 'cancel_oldest', 'skip')");

            migrationBuilder.AddCheckConstraint(
                name: "ck_namespaces_share",
                schema: "gofer",
                table: "namespaces",
                sql: "task_limit >= 0 and weight > 0");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropCheckConstraint(
                name: "ck_pipeline_heads_on_limit",
                schema: "gofer",
                table: "pipeline_heads");

            migrationBuilder.DropCheckConstraint(
                name: "ck_namespaces_share",
                schema: "gofer",
                table: "namespaces");

            migrationBuilder.DropColumn(
                name: "on_limit",
                schema: "gofer",
                table: "pipeline_heads");

            migrationBuilder.DropColumn(
                name: "priority",
                schema: "gofer",
                table: "pipeline_heads");

            migrationBuilder.DropColumn(
                name: "task_limit",
                schema: "gofer",
                table: "namespaces");

            migrationBuilder.DropColumn(
                name: "weight",
                schema: "gofer",
                table: "namespaces");
        }
    }
}
