using Gofer.Cli.Configuration;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Objects;
using Gofer.Infrastructure.Objects.S3;
using Gofer.Infrastructure.Stores;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Cli.Hosting;

/// <summary>Where the bytes of objects are: in the folder, the bucket or the store of somebody's own that is given, else in Gofer's own database.</summary>
public sealed record ObjectStoreChoice(string? Folder = null, S3Options? Bucket = null, StoreOptions? Own = null)
{
    /// <summary>In Gofer's own database.</summary>
    public const string Postgres = "postgres";

    /// <summary>As files.</summary>
    public const string Files = "files";

    /// <summary>In an S3-compatible store.</summary>
    public const string S3 = "s3";

    /// <summary>The one that the settings name.</summary>
    internal static Result<ObjectStoreChoice> Find(Settings settings) => settings[SettingTable.ObjectStore] switch
    {
        Files => settings[SettingTable.ObjectPath] is { } folder
            ? Path.IsPathFullyQualified(folder)
                ? new ObjectStoreChoice(Folder: folder)
                : Error.Invalid("", $"{SettingTable.ObjectPath.Key} is '{folder}'; it must be a whole path, since api and worker may start in other folders.")
            : Missing("files", SettingTable.ObjectPath, "in which folder"),
        S3 => settings[SettingTable.S3Bucket] is { } bucket ? InBucket(settings, bucket) : Missing("in S3", SettingTable.S3Bucket, "in which bucket"),
        StoreChoices.Grpc => InOwn(StoreChoices.Own(settings, "Objects", SettingTable.ObjectStore)),
        _ => new ObjectStoreChoice(),
    };

    /// <summary>Makes the host use it.</summary>
    internal void Apply(IServiceCollection services) => services.AddGoferObjects(Folder, Bucket, Own);

    private static Result<ObjectStoreChoice> InBucket(Settings settings, string bucket)
    {
        var (id, secret) = (settings[SettingTable.S3AccessKey], settings[SettingTable.S3SecretKey]);
        if (id is null != secret is null) return Error.Invalid("", $"{SettingTable.S3AccessKey.Key} and {SettingTable.S3SecretKey.Key} go together; set both, or none for what the AWS SDK finds by itself.");
        return new ObjectStoreChoice(Bucket: new S3Options
        {
            Bucket = bucket,
            Prefix = settings[SettingTable.S3Prefix]!.Trim('/'),
            Endpoint = settings[SettingTable.S3Endpoint] is { } endpoint ? new Uri(endpoint) : null,
            Region = settings[SettingTable.S3Region]!,
            Key = id is null ? null : (id, secret!),
        });
    }

    private static Result<ObjectStoreChoice> InOwn(Result<StoreOptions> own) => own.IsOk ? new ObjectStoreChoice(Own: own.Value) : own.Error;

    private static Error Missing(string where, Setting setting, string what) => Error.Invalid(
        "", $"Objects shall be {where} ({SettingTable.ObjectStore.Key}), and nothing says {what}. Set {setting.Key} in the settings file, or {setting.Variable}.");
}
