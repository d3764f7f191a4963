using System.Net;
using Gofer.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Access;

/// <summary>Rate limits over HTTP, at rates that a test reaches.</summary>
public sealed class RateLimitTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_that_sends_too_much_waits_and_nobody_else_does()
    {
        await using var secured = new SecuredServer(("Api:TokenRate", "5"));
        await secured.InitializeAsync();
        var (busy, quiet) = (await secured.TokenAsync("viewer", "1h", "*"), await secured.TokenAsync("viewer", "1h", "*"));
        using var http = secured.Http(busy.Token);
        using var refused = await UntilLimitedAsync(http, "/api/v1/system", 200, most: 200);
        Assert.True(refused.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
        Assert.Contains("More than 5 requests a second come with this token", await refused.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        // What is in the body does not matter to one who has to wait.
        Assert.Equal("rate_limited", (await secured.SendAsync(busy.Token, HttpMethod.Put, "/api/v1/namespaces/default", "{ not JSON")).Code);
        Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(quiet.Token, HttpMethod.Get, "/api/v1/system")).Status);
        for (var i = 0; i < 50; i++) Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(busy.Token, HttpMethod.Get, "/healthz")).Status);
        await secured.UntilAsync(HttpStatusCode.OK, busy.Token, "/api/v1/system");
    }

    [Fact]
    public async Task A_namespace_that_is_asked_for_too_much_holds_up_no_other_and_whoever_may_not_ask_takes_nothing_of_it()
    {
        await using var secured = new SecuredServer(("Api:NamespaceRate", "5"));
        await secured.InitializeAsync();
        foreach (var name in new[] { "busy", "quiet" }) await secured.SendAsync(secured.Admin, HttpMethod.Put, $"/api/v1/namespaces/{name}");
        var (own, foreign) = (await secured.TokenAsync("viewer", "1h", "busy"), await secured.TokenAsync("viewer", "1h", "quiet"));
        for (var i = 0; i < 100; i++) Assert.Equal(HttpStatusCode.NotFound, (await secured.SendAsync(foreign.Token, HttpMethod.Get, "/api/v1/namespaces/busy")).Status);
        using var http = secured.Http(own.Token);
        using var first = await http.GetAsync(new Uri("/api/v1/namespaces/busy", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        using var refused = await UntilLimitedAsync(http, "/api/v1/namespaces/busy", 200, most: 200);
        Assert.Contains("for the namespace 'busy'", await refused.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(foreign.Token, HttpMethod.Get, "/api/v1/namespaces/quiet")).Status);
        Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(own.Token, HttpMethod.Get, "/api/v1/tokens/whoami")).Status);
    }

    [Fact]
    public async Task Who_guesses_tokens_waits_and_who_has_a_good_one_at_the_same_address_does_not()
    {
        await using var secured = new SecuredServer(("Api:StrangerRate", "5"));
        await secured.InitializeAsync();
        Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(secured.Admin, HttpMethod.Get, "/api/v1/system")).Status);
        foreach (var guess in new[] { "gof_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "junk", "aaaa.bbbb.cccc" })
        {
            using var http = secured.Http(guess);
            using var refused = await UntilLimitedAsync(http, "/api/v1/system", 401, most: 300);
            Assert.True(refused.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
            Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(secured.Admin, HttpMethod.Get, "/api/v1/system")).Status);
            await secured.UntilAsync(HttpStatusCode.Unauthorized, guess, "/api/v1/system");
        }
    }

    [Fact]
    public async Task The_client_of_programs_waits_by_itself()
    {
        await using var secured = new SecuredServer(("Api:TokenRate", "2"));
        await secured.InitializeAsync();
        var services = new ServiceCollection();
        services.AddGoferClient(o => (o.Server, o.Token) = (secured.Server.Url, secured.Admin));
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<GoferClient>();
        for (var i = 0; i < 10; i++) Assert.Equal("default", (await client.Namespaces.GetNamespaceAsync("default", Ct)).Id);
        await Assert.ThrowsAnyAsync<Refit.ApiException>(async () =>
        {
            for (var i = 0; i < 100; i++) await client.Tokens.CreateTokenAsync(new NewTokenBody { Name = "n", Roles = ["viewer"], Namespaces = ["*"] }, Ct);
        });
    }

    /// <summary>The first answer that puts the caller off; all before it have that status.</summary>
    private static async Task<HttpResponseMessage> UntilLimitedAsync(HttpClient http, string path, int status, int most)
    {
        for (var sent = 1; ; sent++)
        {
            var answer = await http.GetAsync(new Uri(path, UriKind.Relative), Ct);
            if (answer.StatusCode == HttpStatusCode.TooManyRequests) return answer;
            Assert.Equal(status, (int)answer.StatusCode);
            Assert.True(sent < most, $"{sent} requests were let through.");
            answer.Dispose();
        }
    }
}
