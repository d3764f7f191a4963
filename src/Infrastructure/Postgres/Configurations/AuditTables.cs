using Gofer.Application.Audit;
using Gofer.Domain.Audit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Gofer.Infrastructure.Postgres.Configurations;

// Its DDL is SQL in a migration, which says more of it than EF can.
internal sealed class AuditEntryConfiguration : IEntityTypeConfiguration<AuditEntry>
{
    public void Configure(EntityTypeBuilder<AuditEntry> builder)
    {
        builder.ToTable("audit", t => t.ExcludeFromMigrations());
        builder.HasKey(e => e.Id);
        builder.Property(e => e.At).ValueGeneratedOnAdd();
    }
}

internal sealed class SealedEntryConfiguration : IEntityTypeConfiguration<SealedEntry>
{
    public void Configure(EntityTypeBuilder<SealedEntry> builder)
    {
        builder.ToView("audit_log");
        builder.HasKey(e => e.Seq);
    }
}
