using System.Net;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gofer.Api;
using Gofer.Api.Docs;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Gofer.Tests.Unit.Api;

/// <summary>Where the <c>type</c> of a problem leads.</summary>
public sealed class ErrorPageTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_type_of_a_problem_leads_to_its_place_on_a_page_of_the_same_server_without_a_database()
    {
        await using var app = await ServeAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        foreach (var (path, code) in new[] { ("/nothing", ErrorCodes.RouteNotFound), ("/api/v1/namespaces", ErrorCodes.DatabaseUnavailable) })
        {
            using var refused = JsonDocument.Parse(await (await http.GetAsync(path, Ct)).Content.ReadAsStringAsync(Ct));
            Assert.Equal(code, refused.RootElement.GetProperty("code").GetString());
            var type = new Uri(http.BaseAddress, refused.RootElement.GetProperty("type").GetString());
            using var page = await http.GetAsync(type, Ct);
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
            Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
            Assert.Contains($"<h2 id=\"{type.Fragment[1..]}\"><code>{code}</code></h2>", await page.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_page_has_a_place_for_every_code_and_no_markdown_is_left_on_it()
    {
        await using var app = await ServeAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        var page = await http.GetStringAsync(new Uri("/docs/errors", UriKind.Relative), Ct);
        foreach (var code in typeof(ErrorCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!))
        {
            Assert.Equal($"/docs/errors#{code}", DocsEndpoints.AddressOf(code));
            Assert.Contains($"id=\"{code}\"", page, StringComparison.Ordinal);
        }

        var prose = Regex.Replace(page, "<pre>.*?</pre>|<style>.*?</style>", "", RegexOptions.Singleline);
        Assert.DoesNotMatch(@"`|\*\*|\]\(|^#", prose);
    }

    private static async Task<WebApplication> ServeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddGoferPostgres("Host=127.0.0.1;Port=1;Database=none;Timeout=1").AddGoferApi();
        var app = builder.Build();
        app.MapGoferApi();
        await app.StartAsync(Ct);
        return app;
    }
}
