using Gofer.Application.Runs;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Gofer.Infrastructure.Postgres.Configurations;

// The history tables are partitioned, which EF cannot say: their DDL is SQL in the migrations, and these only map them for reading.
internal sealed class RunRowConfiguration : IEntityTypeConfiguration<RunRow>
{
    public void Configure(EntityTypeBuilder<RunRow> builder)
    {
        builder.ToTable("runs", t => t.ExcludeFromMigrations());
        builder.HasKey(r => r.Id);
    }
}

internal sealed class RunNumberRowConfiguration : IEntityTypeConfiguration<RunNumberRow>
{
    public void Configure(EntityTypeBuilder<RunNumberRow> builder)
    {
        builder.ToTable("run_numbers", t => t.ExcludeFromMigrations());
        builder.HasKey(r => new { r.PipelineId, r.Number });
    }
}

internal sealed class ActiveRunRowConfiguration : IEntityTypeConfiguration<ActiveRunRow>
{
    public void Configure(EntityTypeBuilder<ActiveRunRow> builder)
    {
        builder.ToTable("active_runs", t => t.ExcludeFromMigrations());
        builder.HasKey(r => r.RunId);
    }
}

internal sealed class TaskRowConfiguration : IEntityTypeConfiguration<TaskRow>
{
    public void Configure(EntityTypeBuilder<TaskRow> builder)
    {
        builder.ToTable("task_executions", t => t.ExcludeFromMigrations());
        builder.HasKey(t => new { t.RunId, t.Task });
    }
}

internal sealed class AttemptRowConfiguration : IEntityTypeConfiguration<AttemptRow>
{
    public void Configure(EntityTypeBuilder<AttemptRow> builder)
    {
        builder.ToTable("task_attempts", t => t.ExcludeFromMigrations());
        builder.HasKey(a => new { a.RunId, a.Task, a.Attempt });
    }
}

internal sealed class EventRowConfiguration : IEntityTypeConfiguration<EventRow>
{
    public void Configure(EntityTypeBuilder<EventRow> builder)
    {
        builder.ToTable("run_events", t => t.ExcludeFromMigrations());
        builder.HasKey(e => new { e.RunId, e.Seq });
    }
}
