using Gofer.Application.Extensions;
using Gofer.Domain.Extensions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Gofer.Infrastructure.Postgres.Configurations;

// Their DDL is SQL in a migration, which says more of them than EF can.
internal sealed class ExtensionConfiguration : IEntityTypeConfiguration<Extension>
{
    public void Configure(EntityTypeBuilder<Extension> builder)
    {
        builder.ToTable("extensions", t => t.ExcludeFromMigrations());
        builder.HasKey(e => e.Id);
        builder.Property<uint>("xmin").IsRowVersion();
    }
}

internal sealed class ExtensionStatusConfiguration : IEntityTypeConfiguration<ExtensionStatusRow>
{
    public void Configure(EntityTypeBuilder<ExtensionStatusRow> builder)
    {
        builder.ToTable("extension_statuses", t => t.ExcludeFromMigrations());
        builder.HasKey(s => s.ExtensionId);
        builder.Property(s => s.Description).HasColumnType("jsonb");
    }
}

internal sealed class SubscriptionConfiguration : IEntityTypeConfiguration<SubscriptionRow>
{
    public void Configure(EntityTypeBuilder<SubscriptionRow> builder)
    {
        builder.ToTable("extension_subscriptions", t => t.ExcludeFromMigrations());
        builder.HasKey(s => s.TriggerId);
    }
}

internal sealed class ExtensionLogConfiguration : IEntityTypeConfiguration<ExtensionLogRow>
{
    public void Configure(EntityTypeBuilder<ExtensionLogRow> builder)
    {
        builder.ToTable("extension_logs", t => t.ExcludeFromMigrations());
        builder.HasKey(l => new { l.ExtensionId, l.Seq });
    }
}
