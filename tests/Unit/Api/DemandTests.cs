using System.Globalization;
using System.Text;
using Gofer.Api;
using Gofer.Api.Access;
using Gofer.Domain.Access;
using Gofer.Infrastructure.Postgres;
using Gofer.Tests.Unit.Docs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gofer.Tests.Unit.Api;

/// <summary>Every route says what it demands of callers, from the list of endpoints itself: one that is added cannot escape.</summary>
public sealed class DemandTests : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly IReadOnlyList<RouteEndpoint> _endpoints;

    public DemandTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGoferPostgres("Host=127.0.0.1;Port=1;Database=none;Timeout=1").AddGoferApi();
        _app = builder.Build();
        _app.MapGoferApi();
        _endpoints = [.. ((IEndpointRouteBuilder)_app).DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()];
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public void Every_route_says_what_it_demands() => Assert.All(_endpoints, e => Assert.NotNull(DemandOf(e)));

    [Fact]
    public void What_asks_for_no_token_is_what_shows_nothing_of_anybody() => Assert.Equal(
        ["/", "/api/v1/hooks/{hook}", "/api/v1/tokens/bootstrap", "/docs/errors", "/healthz", "/openapi/{documentName}.json", "/readyz", "/schemas/pipeline.v1.json"],
        _endpoints.Where(e => DemandOf(e) is Demand.Nothing).Select(e => e.RoutePattern.RawText!).Order(StringComparer.Ordinal));

    [Fact]
    public void What_asks_for_any_token_has_no_namespace_in_its_path() => Assert.Equal(
        [
            "/api/v1/namespaces", "/api/v1/shared-tasks", "/api/v1/shared-tasks/{shared}", "/api/v1/shared-tasks/{shared}/versions", "/api/v1/shared-tasks/{shared}/versions/{version}",
            "/api/v1/system", "/api/v1/tokens/whoami",
        ],
        _endpoints.Where(e => DemandOf(e) is Demand.Identity).Select(e => e.RoutePattern.RawText!.TrimEnd('/')).Order(StringComparer.Ordinal));

    [Fact]
    public void What_is_the_installs_has_no_namespace_in_its_path_and_what_is_a_namespaces_has_one() => Assert.All(
        _endpoints.Where(e => DemandOf(e) is Demand.Permission && NameOf(e) != "CreateNamespace"),
        e => Assert.Equal(AccessWords.IsInstallWide(((Demand.Permission)DemandOf(e)!).Resource), e.RoutePattern.GetParameter("namespace") is null));

    [Fact]
    public void The_page_of_permissions_is_that_of_the_routes()
    {
        var text = new StringBuilder(
            """
            # Permissions

            <!-- Written by the tests from the routes themselves (GOFER_TEST_APPROVE=1); do not edit. -->

            What each operation demands of the caller's token, and which built-in roles have it in the namespaces of the token. See
            [tokens and roles](../guides/access.md).

            | Operation | Route | Resource | Action | admin | developer | operator | viewer |
            |---|---|---|---|---|---|---|---|

            """);
        foreach (var endpoint in _endpoints.Where(e => e.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal)).OrderBy(e => e.RoutePattern.RawText, StringComparer.Ordinal).ThenBy(MethodOf, StringComparer.Ordinal))
        {
            var demand = DemandOf(endpoint)!;
            var (resource, action) = demand switch
            {
                Demand.Permission wanted => (AccessWords.Of(wanted.Resource), AccessWords.Of(wanted.Verb)),
                Demand.Identity => ("any token", ""),
                _ => ("no token", ""),
            };
            text.Append(CultureInfo.InvariantCulture, $"| `{NameOf(endpoint)}` | `{MethodOf(endpoint)} {endpoint.RoutePattern.RawText!.TrimEnd('/')}` | {resource} | {action} |");
            foreach (var role in (Role[])[BuiltInRoles.Admin, BuiltInRoles.Developer, BuiltInRoles.Operator, BuiltInRoles.Viewer])
            {
                var grants = Grants.Of([role], ["*"]);
                var has = demand is not Demand.Permission p || (AccessWords.IsInstallWide(p.Resource) ? grants.AllowEverywhere(p.Resource, p.Verb) : grants.Allow(p.Resource, p.Verb, "team-a"));
                text.Append(has ? " yes |" : " |");
            }

            text.Append('\n');
        }

        ReferenceTests.Approve("docs/reference/permissions.md", text.ToString().ReplaceLineEndings("\n"));
    }

    private static Demand? DemandOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<Demand>();

    private static string MethodOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0];

    private static string? NameOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName;
}
