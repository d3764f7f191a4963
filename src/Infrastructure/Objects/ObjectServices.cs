using Gofer.Application.Objects;
using Gofer.Infrastructure.Objects.S3;
using Gofer.Infrastructure.Postgres.Objects;
using Gofer.Infrastructure.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Gofer.Infrastructure.Objects;

/// <summary>Where the bytes of objects are, in a host that has <c>AddGoferPostgres</c>.</summary>
public static class ObjectServices
{
    /// <summary>
    /// As files of <paramref name="folder"/>, in <paramref name="bucket"/> or in the store <paramref name="own"/>, where one is given, in place of Gofer's own database. The database does not open
    /// where the install keeps them elsewhere.
    /// </summary>
    public static IServiceCollection AddGoferObjects(this IServiceCollection services, string? folder, S3Options? bucket, StoreOptions? own)
    {
        if (folder is not null) services.Replace(ServiceDescriptor.Singleton<IObjectStore>(_ => new FileObjectStore(folder)));
        if (bucket is not null) services.Replace(ServiceDescriptor.Singleton<IObjectStore>(_ => new S3ObjectStore(bucket)));
        if (own is not null) services.AddObjectStore(own);
        return services.AddSingleton<ObjectHome>();
    }
}

/// <summary>Refuses to start on a value that cannot work.</summary>
[OptionsValidator]
internal sealed partial class ObjectOptionsValidator : IValidateOptions<ObjectOptions>;
