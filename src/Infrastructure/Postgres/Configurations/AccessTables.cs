using System.Text.Json;
using Gofer.Domain.Access;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Gofer.Infrastructure.Postgres.Configurations;

// Their DDL is SQL in a migration, which says more of them than EF can.
internal sealed class TokenConfiguration : IEntityTypeConfiguration<Token>
{
    public void Configure(EntityTypeBuilder<Token> builder)
    {
        builder.ToTable("tokens", t => t.ExcludeFromMigrations());
        builder.HasKey(t => t.Id);
        // Written beside everything else, and by nobody who loaded the row.
        builder.Property(t => t.LastUsedAt).ValueGeneratedOnAddOrUpdate();
        builder.Property(t => t.Revision).IsConcurrencyToken();
    }
}

internal sealed class RoleConfiguration : IEntityTypeConfiguration<Role>
{
    public void Configure(EntityTypeBuilder<Role> builder)
    {
        builder.ToTable("roles", t => t.ExcludeFromMigrations());
        builder.HasKey(r => r.Name);
        builder.Property(r => r.Permissions).HasColumnType("jsonb").HasConversion(new PermissionConverter(), new PermissionComparer());
        builder.Property(r => r.Revision).IsConcurrencyToken();
    }

    /// <summary>Permissions are JSON, as the API has them.</summary>
    private sealed class PermissionConverter() : ValueConverter<IReadOnlyList<Permission>, string>(
        permissions => JsonSerializer.Serialize(permissions, s_json), json => JsonSerializer.Deserialize<List<Permission>>(json, s_json)!);

    /// <summary>They are replaced whole and never changed.</summary>
    private sealed class PermissionComparer() : ValueComparer<IReadOnlyList<Permission>>((a, b) => ReferenceEquals(a, b), p => p.Count, p => p);

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}
