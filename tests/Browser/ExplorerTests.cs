using System.Text.Json;
using Gofer.Tests.Support;
using static Microsoft.Playwright.Assertions;

namespace Gofer.Tests.Browser;

/// <summary>The explorer at <c>/swagger</c> as a person sees it.</summary>
public sealed class ExplorerTests(Chromium browser, ServedApi api) : IClassFixture<Chromium>, IClassFixture<ServedApi>
{
    private static IEnumerable<string> Operations
    {
        get
        {
            using var document = JsonDocument.Parse(File.ReadAllText(Repository.PathOf("docs/openapi.json")));
            return [.. from path in document.RootElement.GetProperty("paths").EnumerateObject()
                       from operation in path.Value.EnumerateObject()
                       where operation.Value.ValueKind == JsonValueKind.Object && operation.Value.TryGetProperty("operationId", out _)
                       select operation.Value.GetProperty("operationId").GetString()!];
        }
    }

    [Fact]
    public async Task It_lists_every_operation_of_the_document_and_asks_nobody_but_this_server()
    {
        var page = await browser.PageAsync();
        var (asked, errors) = (new List<string>(), new List<string>());
        page.Request += (_, request) => asked.Add(request.Url);
        page.PageError += (_, error) => errors.Add(error);
        page.Console += (_, said) => errors.AddRange(said.Type == "error" ? [said.Text] : []); // what the page's policy does not let it do is said there
        await page.GotoAsync(api.Url.ToString());
        await Expect(page.Locator(".opblock")).ToHaveCountAsync(Operations.Count());

        var listed = await page.Locator(".opblock-summary-operation-id").AllInnerTextsAsync();
        // The page may break a long name where a line may end.
        Assert.Equal(Operations.Order(StringComparer.Ordinal), listed.Select(id => id.Replace("\u200b", "", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.True(Operations.Count() > 20);
        Assert.True(errors.Count == 0, string.Join('\n', errors));
        Assert.NotEmpty(asked);
        Assert.All(asked, url => Assert.True(url.StartsWith(api.Url.ToString(), StringComparison.Ordinal) || url.StartsWith("data:", StringComparison.Ordinal), url));
        await page.CloseAsync();
    }

    [Fact]
    public async Task The_page_of_the_error_codes_has_its_style_under_its_policy()
    {
        var page = await browser.PageAsync();
        var errors = new List<string>();
        page.Console += (_, said) => errors.AddRange(said.Type == "error" ? [said.Text] : []);
        await page.GotoAsync($"{api.Url}docs/errors");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Error codes");
        Assert.NotEqual("none", await page.EvaluateAsync<string>("() => getComputedStyle(document.body).maxWidth"));
        Assert.DoesNotContain(errors, e => e.Contains("Content Security Policy", StringComparison.Ordinal));
        await page.CloseAsync();
    }

    [Fact]
    public async Task It_executes_an_operation_and_shows_the_answer()
    {
        var page = await browser.PageAsync();
        await page.GotoAsync(api.Url.ToString());
        var operation = page.Locator("#operations-Namespaces-ListNamespaces");
        await operation.Locator(".opblock-summary-control").ClickAsync();
        // "Try it out" is pressed already: the explorer opens that way.
        await Expect(operation.Locator(".try-out__btn.cancel")).ToBeVisibleAsync();
        await operation.Locator("button.execute").ClickAsync();

        var answer = operation.Locator(".live-responses-table");
        await Expect(answer.Locator(".response-col_status").Nth(1)).ToContainTextAsync("200");
        await Expect(answer.Locator(".response-col_description").Nth(1)).ToContainTextAsync("\"id\": \"default\"");
        await Expect(operation.Locator(".request-url")).ToContainTextAsync($"{api.Url}api/v1/namespaces");
        await page.CloseAsync();
    }
}
