using Gofer.Application.Objects;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Gofer.Infrastructure.Objects;

/// <summary>Where the bytes of objects are, in a host that has <c>AddGoferPostgres</c>.</summary>
public static class ObjectServices
{
    /// <summary>As files of that folder, in place of Gofer's own database.</summary>
    public static IServiceCollection AddGoferObjectFiles(this IServiceCollection services, string folder) =>
        services.Replace(ServiceDescriptor.Singleton<IObjectStore>(_ => new FileObjectStore(folder)));
}

/// <summary>Refuses to start on a value that cannot work.</summary>
[OptionsValidator]
internal sealed partial class ObjectOptionsValidator : IValidateOptions<ObjectOptions>;
