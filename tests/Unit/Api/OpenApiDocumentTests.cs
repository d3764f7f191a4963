using System.Text.Json;
using Gofer.Api;
using Gofer.ClientGen;
using Gofer.Infrastructure.Postgres;
using Gofer.Tests.Support;
using Gofer.Tests.Unit.Docs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Gofer.Tests.Unit.Api;

/// <summary>Holds the checked-in document and client against the code; <c>make openapi</c> writes both anew.</summary>
public sealed class OpenApiDocumentTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_checked_in_document_is_the_served_one_and_the_client_is_made_from_it()
    {
        var served = await ServedAsync();
        using var parsed = JsonDocument.Parse(served);
        var approves = Environment.GetEnvironmentVariable("GOFER_TEST_APPROVE") == "1";
        if (approves) await File.WriteAllTextAsync(Repository.PathOf("docs/openapi.json"), served, Ct);
        var client = ClientGenerator.Generate(parsed.RootElement);
        if (approves)
        {
            Directory.CreateDirectory(Repository.PathOf("src/Client/Generated"));
            foreach (var (name, text) in client) await File.WriteAllTextAsync(Repository.PathOf($"src/Client/Generated/{name}"), text, Ct);
        }

        ReferenceTests.Approve("docs/reference/api.md", ApiReference.Generate(parsed.RootElement));
        Assert.Equal(await File.ReadAllTextAsync(Repository.PathOf("docs/openapi.json"), Ct), served);
        foreach (var (name, text) in client) Assert.Equal(await File.ReadAllTextAsync(Repository.PathOf($"src/Client/Generated/{name}"), Ct), text);
    }

    [Fact]
    public async Task Every_operation_has_a_name_a_summary_and_says_what_may_go_wrong()
    {
        using var document = JsonDocument.Parse(await ServedAsync());
        var names = new HashSet<string>();
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                Assert.True(names.Add(operation.Value.GetProperty("operationId").GetString()!));
                Assert.NotEmpty(operation.Value.GetProperty("summary").GetString()!);
                if (path.Name.StartsWith("/api/", StringComparison.Ordinal)) Assert.True(operation.Value.GetProperty("responses").TryGetProperty("404", out _));
            }
        }

        Assert.True(names.Count > 25, $"{names.Count} operations");
    }

    /// <summary>The document over real HTTP; no database is needed to describe the API.</summary>
    private static async Task<string> ServedAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddGoferPostgres("Host=127.0.0.1;Port=1;Database=none;Timeout=1").AddGoferApi();
        await using var app = builder.Build();
        app.MapGoferApi();
        await app.StartAsync(Ct);
        using var http = new HttpClient();
        var text = await http.GetStringAsync(new Uri($"{app.Urls.First()}/openapi/v1.json"), Ct);
        await app.StopAsync(Ct);
        return text.ReplaceLineEndings("\n") + "\n";
    }
}
