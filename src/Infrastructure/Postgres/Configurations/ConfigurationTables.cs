using Gofer.Domain.Namespaces;
using Gofer.Domain.Pipelines;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Gofer.Infrastructure.Postgres.Configurations;

internal sealed class NamespaceConfiguration : IEntityTypeConfiguration<Namespace>
{
    public void Configure(EntityTypeBuilder<Namespace> builder)
    {
        builder.ToTable("namespaces", t =>
        {
            t.HasCheckConstraint("ck_namespaces_name", NameCheck);
            t.HasCheckConstraint("ck_namespaces_share", "task_limit >= 0 and weight > 0");
        });
        builder.Property(n => n.Weight).HasDefaultValue(1).ValueGeneratedNever();
        builder.HasKey(n => n.Id);
        builder.Property(n => n.Name).UseCollation("C"); // the order of lists, whatever the cluster's own
        builder.HasIndex(n => n.Name).IsUnique().HasFilter("deleted_at is null");
        builder.Property<uint>("xmin").IsRowVersion();
    }

    /// <summary>The rule of <see cref="Domain.Common.Slug"/>, held by the table too.</summary>
    internal const string NameCheck = "name ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$'";
}

internal sealed class PipelineConfiguration : IEntityTypeConfiguration<Pipeline>
{
    public void Configure(EntityTypeBuilder<Pipeline> builder)
    {
        builder.ToTable("pipelines", t => t.HasCheckConstraint("ck_pipelines_name", NamespaceConfiguration.NameCheck));
        builder.HasKey(p => p.Id);
        builder.Property(p => p.Name).UseCollation("C");
        builder.HasOne<Namespace>().WithMany().HasForeignKey(p => p.NamespaceId).OnDelete(DeleteBehavior.Restrict);
        builder.HasIndex(p => new { p.NamespaceId, p.Name }).IsUnique().HasFilter("deleted_at is null");
        builder.Property<uint>("xmin").IsRowVersion();
    }
}

internal sealed class PipelineHeadConfiguration : IEntityTypeConfiguration<PipelineHead>
{
    public void Configure(EntityTypeBuilder<PipelineHead> builder)
    {
        builder.ToTable("pipeline_heads", t =>
        {
            t.HasCheckConstraint("ck_pipeline_heads_numbers", "last_run >= 0 and last_version >= 0 and live_version between 0 and last_version");
            t.HasCheckConstraint("ck_pipeline_heads_parallelism", "parallelism >= 0");
            t.HasCheckConstraint("ck_pipeline_heads_on_limit", "on_limit in ('queue', 'cancel_oldest', 'skip')");
            t.HasCheckConstraint("ck_pipeline_heads_previous", "previous_live_version between 1 and last_version");
        });
        builder.HasKey(h => h.PipelineId);
        builder.Property(h => h.OnLimit).HasDefaultValue(LimitPolicy.Queue).ValueGeneratedNever();
        builder.HasOne<Pipeline>().WithOne().HasForeignKey<PipelineHead>(h => h.PipelineId).OnDelete(DeleteBehavior.Cascade);
        builder.Property<uint>("xmin").IsRowVersion();
    }
}

internal sealed class PipelineVersionConfiguration : IEntityTypeConfiguration<PipelineVersion>
{
    public void Configure(EntityTypeBuilder<PipelineVersion> builder)
    {
        builder.ToTable("pipeline_versions", t => t.HasCheckConstraint("ck_pipeline_versions_version", "version > 0"));
        builder.HasKey(v => new { v.PipelineId, v.Version });
        builder.HasOne<Pipeline>().WithMany().HasForeignKey(v => v.PipelineId).OnDelete(DeleteBehavior.Cascade);
        builder.Property(v => v.Document).HasColumnType("json");
    }
}
