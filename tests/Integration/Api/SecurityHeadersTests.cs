using System.Net;
using System.Text;
using Gofer.Tests.Integration.Access;
using Gofer.Tests.Integration.Serving;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Api;

/// <summary>What browsers are told with every answer, whoever made it, and what other origins get of it: nothing.</summary>
public sealed class SecurityHeadersTests(GoferServer server, SecuredServer secured)
{
    private static readonly (string Name, string Value)[] s_always =
    [
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"), ("Cross-Origin-Resource-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
    ];

    private static readonly string[] s_verbs = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_route_and_verb_of_the_server_s_own_list_answers_with_them_with_and_without_a_token()
    {
        var (asked, statuses) = (0, new HashSet<HttpStatusCode>());
        foreach (var token in new[] { null, secured.Admin })
        {
            using var http = secured.Http(token);
            var patterns = secured.Server.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Select(e => e.RoutePattern.RawText!).Distinct().ToList();
            Assert.True(patterns.Count > 30);
            foreach (var pattern in patterns)
            {
                var path = "/" + System.Text.RegularExpressions.Regex.Replace(pattern, "{[a-z]+}", "none", System.Text.RegularExpressions.RegexOptions.IgnoreCase).TrimStart('/');
                foreach (var verb in s_verbs)
                {
                    // The install is left as it is: nothing is sent that would change it.
                    using var request = new HttpRequestMessage(new HttpMethod(verb), path);
                    if (verb is "PUT" or "POST" or "PATCH") request.Content = new StringContent("[]", Encoding.UTF8, "application/json");
                    using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
                    AssertHeaders(response, $"{verb} {path}");
                    statuses.Add(response.StatusCode);
                    asked++;
                }
            }
        }

        Assert.True(asked > 500);
        Assert.Subset(statuses, new HashSet<HttpStatusCode> { HttpStatusCode.OK, HttpStatusCode.Unauthorized, HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed, HttpStatusCode.BadRequest });
    }

    [Fact]
    public async Task So_do_errors_files_streams_and_objects()
    {
        using var area = await server.AreaAsync();
        var run = await area.RunScriptAsync("p", "true");
        await area.EndAsync(run);
        Assert.Equal(HttpStatusCode.Created, (await area.SendAsync(HttpMethod.Put, "pipelines/p/objects/k", "<script>alert(1)</script>")).Status);
        (string Path, int Status, string? Policy, string? Cache)[] answers =
        [
            ("/nothing", 404, null, "no-store"),
            ("/", 302, null, "no-store"),
            ("/healthz", 200, null, "no-store"),
            ("/readyz", 200, null, "no-store"),
            ("/openapi/v1.json", 200, null, "no-store"),
            ("/schemas/pipeline.v1.json", 200, null, "public, max-age=300"),
            ("/docs/errors", 200, "style-src 'sha256-", "no-store"),
            ("/swagger/index.html", 200, "script-src 'self'", null),
            ("/swagger/swagger-ui-bundle.js", 200, "script-src 'self'", null),
            ("/swagger/nothing.js", 404, "script-src 'self'", null),
            ("/api/v1/system", 200, null, "no-store"),
            ($"{area.Path}/pipelines?limit=none", 400, null, "no-store"),
            ($"{area.Path}/pipelines/p/runs/1/events", 200, null, "no-store"),
            ($"{area.Path}/pipelines/p/runs/1/logs", 200, null, "no-store"),
            ($"{area.Path}/pipelines/p/runs/1/logs?follow=true", 200, null, "no-store"),
            ($"{area.Path}/pipelines/p/objects/k", 200, "sandbox; default-src 'none'; frame-ancestors 'none'", "no-cache, private"),
        ];
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        using var http = new HttpClient(handler) { BaseAddress = server.Url };
        foreach (var (path, status, policy, cache) in answers)
        {
            using var response = await http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Ct);
            Assert.True(status == (int)response.StatusCode, $"{path}: {response}");
            AssertHeaders(response, path);
            Assert.Contains(policy ?? "default-src 'none'; frame-ancestors 'none'", Value(response, "Content-Security-Policy"), StringComparison.Ordinal);
            if (cache is not null) Assert.Equal((path, string.Join(", ", cache.Split(", ").Order())), (path, string.Join(", ", response.Headers.CacheControl!.ToString().Split(", ").Order())));
        }
    }

    [Fact]
    public async Task No_page_of_the_server_may_run_a_script_that_stands_in_it()
    {
        using var http = server.Http();
        foreach (var path in new[] { "/swagger/index.html", "/docs/errors", "/api/v1/system" })
        {
            using var response = await http.GetAsync(new Uri(path, UriKind.Relative), Ct);
            Assert.DoesNotContain("unsafe", Value(response, "Content-Security-Policy"), StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", Value(response, "Content-Security-Policy"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("null")]
    [InlineData("http://localhost:3000")]
    [InlineData("http://127.0.0.1")]
    [InlineData("https://gofer.example.evil.example")]
    [InlineData("*")]
    public async Task No_origin_is_ever_let_in_by_CORS(string origin)
    {
        foreach (var (verb, path) in new[] { ("GET", "/api/v1/system"), ("GET", "/healthz"), ("GET", "/nothing"), ("GET", "/swagger/index.html"), ("POST", "/api/v1/namespaces"), ("OPTIONS", "/api/v1/namespaces"), ("OPTIONS", "/api/v1/tokens"), ("OPTIONS", "/healthz") })
        {
            foreach (var token in new[] { null, secured.Admin })
            {
                using var http = secured.Http(token);
                using var request = new HttpRequestMessage(new HttpMethod(verb), path);
                request.Headers.TryAddWithoutValidation("Origin", origin);
                if (verb == "OPTIONS")
                {
                    request.Headers.Add("Access-Control-Request-Method", "POST");
                    request.Headers.Add("Access-Control-Request-Headers", "authorization, content-type");
                    request.Headers.Add("Access-Control-Request-Private-Network", "true");
                }

                using var response = await http.SendAsync(request, Ct);
                Assert.DoesNotContain(response.Headers, h => h.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
                if (verb == "OPTIONS") Assert.False(response.IsSuccessStatusCode, $"{path}: {response}");
            }
        }
    }

    [Fact]
    public async Task A_token_in_the_address_lets_nobody_in()
    {
        using var http = secured.Http(null);
        foreach (var name in new[] { "token", "access_token", "api_key", "authorization" })
        {
            using var response = await http.GetAsync(new Uri($"/api/v1/namespaces?{name}={secured.Admin}", UriKind.Relative), Ct);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.DoesNotContain(secured.Admin, await response.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
    }

    private static void AssertHeaders(HttpResponseMessage response, string what)
    {
        foreach (var (name, value) in s_always) Assert.True(value == Value(response, name), $"{what}: {name} is '{Value(response, name)}'");
        Assert.True(Value(response, "Content-Security-Policy").Length > 0, what);
        Assert.True(response.Headers.CacheControl is not null, $"{what} may be kept: {response}");
        Assert.False(response.Headers.Contains("Strict-Transport-Security"), what); // this is HTTP
        Assert.False(response.Headers.Contains("Server"), what);
    }

    private static string Value(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : "";
}
