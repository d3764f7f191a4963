using Gofer.Application.Triggers;
using Gofer.Domain.Triggers;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Gofer.Infrastructure.Postgres.Configurations;

// Their DDL is SQL in a migration, which says more of them than EF can.
internal sealed class TriggerConfiguration : IEntityTypeConfiguration<Trigger>
{
    public void Configure(EntityTypeBuilder<Trigger> builder)
    {
        builder.ToTable("triggers", t => t.ExcludeFromMigrations());
        builder.HasKey(t => t.Id);
        builder.Property<uint>("xmin").IsRowVersion();
    }
}

internal sealed class TriggerEventConfiguration : IEntityTypeConfiguration<TriggerEventRow>
{
    public void Configure(EntityTypeBuilder<TriggerEventRow> builder)
    {
        builder.ToTable("trigger_events", t => t.ExcludeFromMigrations());
        builder.HasKey(e => e.Id);
    }
}

internal sealed class BackfillConfiguration : IEntityTypeConfiguration<Backfill>
{
    public void Configure(EntityTypeBuilder<Backfill> builder)
    {
        // Its times, which may be ten thousand, are for the engine alone.
        builder.ToTable("backfills", t => t.ExcludeFromMigrations());
        builder.HasKey(b => b.Id);
    }
}
