using Gofer.Application.Notifications;
using Gofer.Domain.Notifications;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Gofer.Infrastructure.Postgres.Configurations;

// Their DDL is SQL in a migration, which says more of them than EF can.
internal sealed class NotificationConfiguration : IEntityTypeConfiguration<Notification>
{
    public void Configure(EntityTypeBuilder<Notification> builder)
    {
        builder.ToTable("notifications", t => t.ExcludeFromMigrations());
        builder.HasKey(n => n.Id);
        builder.Property<uint>("xmin").IsRowVersion();
    }
}

internal sealed class DeliveryConfiguration : IEntityTypeConfiguration<DeliveryRow>
{
    public void Configure(EntityTypeBuilder<DeliveryRow> builder)
    {
        builder.ToTable("deliveries", t => t.ExcludeFromMigrations());
        builder.HasKey(d => d.Id);
    }
}
