namespace Gofer.Infrastructure.Objects.S3;

/// <summary>Where an S3-compatible store is and what of it is Gofer's.</summary>
public sealed record S3Options
{
    /// <summary>The bucket, which is there already.</summary>
    public required string Bucket { get; init; }

    /// <summary>The folder in it below which everything of Gofer's is.</summary>
    public string Prefix { get; init; } = "gofer";

    /// <summary>The server, such as <c>https://minio.example:9000</c>; null for AWS.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The region, which requests are signed for.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Who asks; null for what the AWS SDK finds: its variables, its file, the machine's role.</summary>
    public (string Id, string Secret)? Key { get; init; }
}
