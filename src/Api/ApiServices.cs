using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Reflection;
using Gofer.Api.Access;
using Gofer.Api.Audit;
using Gofer.Api.Docs;
using Gofer.Api.Extensions;
using Gofer.Api.Http;
using Gofer.Api.Namespaces;
using Gofer.Api.Notifications;
using Gofer.Api.Objects;
using Gofer.Api.Pipelines;
using Gofer.Api.Runs;
using Gofer.Api.Secrets;
using Gofer.Api.Server;
using Gofer.Api.SharedTasks;
using Gofer.Api.Triggers;
using Gofer.Application.Common;
using Gofer.Domain.Pipelines;
using Gofer.Infrastructure.Oidc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Gofer.Api;

/// <summary>How the API serves; section <c>Gofer:Api</c>.</summary>
public sealed class ApiOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Gofer:Api";

    /// <summary>What callers are asked for; a server in dev mode asks for nothing.</summary>
    public Authentication Authentication { get; set; } = Authentication.Tokens;

    /// <summary>With no authentication: answer whoever asks. Off: this machine only.</summary>
    public bool InsecureListen { get; set; }

    /// <summary>How many requests a second each token may send to this process; 0 for as many as come.</summary>
    [Range(0, 1_000_000)]
    public int TokenRate { get; set; } = 500;

    /// <summary>How many requests a second may come for each namespace to this process; 0 for as many as come.</summary>
    [Range(0, 1_000_000)]
    public int NamespaceRate { get; set; } = 1000;

    /// <summary>How many requests a second may come to this process from an address without a good token; 0 for as many as come.</summary>
    [Range(0, 1_000_000)]
    public int StrangerRate { get; set; } = 50;

    /// <summary>Whether this is <c>gofer dev</c>.</summary>
    public bool DevMode { get; set; }

    /// <summary>The kind of scheduler that the workers of this process use; null where it has none.</summary>
    [MaxLength(63)]
    public string? Scheduler { get; set; }

    /// <summary>Whether callers have to show a token.</summary>
    public bool AsksForTokens => !DevMode && Authentication == Authentication.Tokens;

    /// <summary>
    /// Whether a request came in where <c>gofer dev</c> listens for its containers, which is no loopback address: only tasks are let in there.
    /// </summary>
    public bool IsTaskDoor(ConnectionInfo connection) => DevMode && connection.LocalIpAddress is { } local && !IPAddress.IsLoopback(local);
}

/// <summary>What callers are asked for.</summary>
public enum Authentication
{
    /// <summary>A token of this install's.</summary>
    Tokens,

    /// <summary>Nothing: whoever reaches the server may do everything.</summary>
    None,
}

/// <summary>Refuses to start on a value that cannot work.</summary>
[OptionsValidator]
internal sealed partial class ApiOptionsValidator : IValidateOptions<ApiOptions>;

/// <summary>The product's version, from the assembly.</summary>
public static class ProductVersion
{
    private static readonly string[] s_parts =
        (typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0").Split('+', 2);

    /// <summary>Such as <c>0.1.0</c>.</summary>
    public static string Version => s_parts[0];

    /// <summary>The commit that it was built from; <c>unknown</c> where the build did not say.</summary>
    public static string Commit => s_parts.Length > 1 ? s_parts[1] : "unknown";
}

/// <summary>The REST API in a host that has <c>AddGoferPostgres</c>.</summary>
public static class ApiServices
{
    /// <summary>Use cases, JSON, OpenAPI and limits.</summary>
    public static IServiceCollection AddGoferApi(this IServiceCollection services)
    {
        services.AddOptions<ApiOptions>().BindConfiguration(ApiOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ApiOptions>, ApiOptionsValidator>();
        services.TryAddSingleton(DocumentLimits.Default);
        services.AddGoferApplication();
        services.Configure<JsonOptions>(o => GoferJson.Apply(o.SerializerOptions));
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        services.AddGoferOidc();
        services.AddSingleton<RateLimits>();
        services.AddSingleton<Callers>();
        services.AddHostedService(provider => provider.GetRequiredService<Callers>());
        services.AddHostedService<AuditSealing>();
        return services.AddGoferProbes().AddGoferOpenApi();
    }

    /// <summary>What the probes alone need.</summary>
    public static IServiceCollection AddGoferProbes(this IServiceCollection services) => services.Configure<KestrelServerOptions>(o =>
    {
        o.AddServerHeader = false;
        o.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        o.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        o.Limits.MaxRequestBodySize = 4 * RawBody.Limit; // the reader refuses earlier, with a problem document
    });

    /// <summary><c>/healthz</c> and <c>/readyz</c> and nothing else, for a worker; <paramref name="insecure"/> answers whoever asks.</summary>
    public static void MapGoferProbes(this WebApplication app, bool insecure)
    {
        app.Guard(insecure);
        app.UseRouting();
        app.MapProbes();
    }

    /// <summary>Every route of the API, with what guards them.</summary>
    public static void MapGoferApi(this WebApplication app)
    {
        app.UseMiddleware<Head>();
        var options = app.Services.GetRequiredService<IOptions<ApiOptions>>().Value;
        // Whoever shows a token meant to: no page of another origin and no name that was pointed at us can. What shows none is guarded by itself.
        app.Guard(insecure: options.AsksForTokens || options.InsecureListen);
        app.UseMiddleware<UntilOpen>();
        app.UseRouting();
        app.UseMiddleware<AccessGate>();
        app.MapProbes();
        app.MapGoferOpenApi();
        app.MapSchemas();
        app.MapDocs();
        var api = app.MapGroup("/api/v1").AddEndpointFilter<DenialFilter>().AddEndpointFilter<BodyFilter>().WithProblems();
        api.MapSystem();
        api.MapNamespaces();
        api.MapPipelines();
        api.MapVersions();
        api.MapRuns();
        api.MapTasks();
        api.MapLogs();
        api.MapSecrets();
        api.MapObjects();
        api.MapTokens();
        api.MapRoles();
        api.MapAudit();
        api.MapTriggers();
        api.MapTriggerEvents();
        api.MapBackfills();
        api.MapHooks();
        api.MapExtensions();
        api.MapNotifications();
        api.MapSharedTasks();
    }

    private static void Guard(this WebApplication app, bool insecure)
    {
        app.UseMiddleware<SecurityHeaders>();
        app.UseMiddleware<Failures>();
        if (!insecure) app.UseMiddleware<LocalOnly>();
    }
}
