using Gofer.Domain.SharedTasks;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Gofer.Infrastructure.Postgres.Configurations;

// Their DDL is SQL in a migration, which says more of them than EF can.
internal sealed class SharedTaskConfiguration : IEntityTypeConfiguration<SharedTask>
{
    public void Configure(EntityTypeBuilder<SharedTask> builder)
    {
        builder.ToTable("shared_tasks", t => t.ExcludeFromMigrations());
        builder.HasKey(t => t.Id);
    }
}

internal sealed class SharedTaskVersionConfiguration : IEntityTypeConfiguration<SharedTaskVersion>
{
    public void Configure(EntityTypeBuilder<SharedTaskVersion> builder)
    {
        builder.ToTable("shared_task_versions", t => t.ExcludeFromMigrations());
        builder.HasKey(v => v.Id);
        builder.Ignore(v => v.Version);
    }
}
