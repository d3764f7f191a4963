using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gofer.Tests.Integration.Serving;
using Microsoft.AspNetCore.Http;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Access;

/// <summary>A server that trusts an identity provider of this machine.</summary>
public sealed class TrustingServer : IAsyncLifetime
{
    private const string Roles = "platform=admin@*; team-*=developer@team-*; eyes=viewer@seen; hands=operator@run; custom=made-later@default";

    internal LocalIssuer Issuer { get; private set; } = null!;

    internal SecuredServer Secured { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Issuer = await LocalIssuer.StartAsync();
        Secured = Trusting(Issuer);
        await Secured.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Secured.DisposeAsync();
        await Issuer.DisposeAsync();
    }

    internal static SecuredServer Trusting(LocalIssuer issuer) =>
        new(("Oidc:Issuer", issuer.Url), ("Oidc:Audience", LocalIssuer.Audience), ("Oidc:Roles", Roles), ("Api:StrangerRate", "0"));
}

/// <summary>Whoever shows a token of the identity provider: what it may do, and when it may not.</summary>
public sealed class IdentityTests(TrustingServer trusting) : IClassFixture<TrustingServer>
{
    private const string WhoAmI = "/api/v1/tokens/whoami";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private LocalIssuer Issuer => trusting.Issuer;

    private SecuredServer Secured => trusting.Secured;

    [Fact]
    public async Task Its_claims_give_roles_each_in_its_own_namespaces()
    {
        foreach (var name in new[] { "seen", "run", "team-a", "hidden" }) await Secured.SendAsync(Secured.Admin, HttpMethod.Put, $"/api/v1/namespaces/{name}");
        var token = Issuer.Token("ada", "eyes", "hands", "something-else");
        Assert.Equal(["run", "seen"], await NamespacesAsync(token));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(token, HttpMethod.Get, "/api/v1/namespaces/seen/pipelines"));
        // It operates in one of them, and the other it only sees.
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(token, HttpMethod.Post, "/api/v1/namespaces/run/pipelines/none/runs", "{}"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(token, HttpMethod.Post, "/api/v1/namespaces/seen/pipelines/none/runs", "{}"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(token, HttpMethod.Get, "/api/v1/namespaces/hidden"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(token, HttpMethod.Get, "/api/v1/tokens"));
        Assert.Equal(["team-a"], await NamespacesAsync(Issuer.Token("bob", "team-x")));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Issuer.Token("eve", "platform"), HttpMethod.Get, "/api/v1/tokens"));
    }

    [Fact]
    public async Task It_is_told_who_it_is_by_the_server_and_by_the_command_line()
    {
        var token = Issuer.Token("ada", "eyes");
        var who = (await Secured.SendAsync(token, HttpMethod.Get, WhoAmI)).Json;
        Assert.Equal(JsonValueKind.Null, who.GetProperty("token").ValueKind);
        var identity = who.GetProperty("identity");
        Assert.Equal((Issuer.Url, "ada", "ada@example.com"), (identity.GetProperty("issuer").GetString(), identity.GetProperty("subject").GetString(), identity.GetProperty("name").GetString()));
        Assert.Equal("seen", identity.GetProperty("grants")[0].GetProperty("namespaces")[0].GetString());
        var (exit, _, said) = await GoferProcess.RunAsync(["token", "whoami"], [("GOFER_SERVER", Secured.Server.Url.ToString()), ("GOFER_TOKEN", token)]);
        Assert.Equal(0, exit);
        Assert.Contains("You are 'ada@example.com'", said, StringComparison.Ordinal);
        Assert.Contains("viewer in seen", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whom_no_claim_gives_a_role_is_told_so()
    {
        foreach (var path in new[] { WhoAmI, "/api/v1/namespaces/default" })
        {
            var answer = await Secured.SendAsync(Issuer.Token("mallory", "visitors"), HttpMethod.Get, path);
            Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (answer.Status, answer.Code));
            Assert.Contains("You are 'mallory@example.com' to the identity provider, and nothing in the claim 'groups'", answer.Body, StringComparison.Ordinal);
        }
    }

    public static TheoryData<string, string> Bad => new()
    {
        { "expired", "has expired" },
        { "for another audience", "made for another program" },
        { "of another issuer", "another issuer" },
        { "unsigned", "signed by 'none'" },
        { "signed with the public key as a secret", "signed by 'HS256'" },
        { "of an unknown key", "which the identity provider does not publish" },
        { "of another key under a known name", "signature is not that" },
        { "not good yet", "not good yet" },
        { "changed", "signature is not that" },
        { "without an end", "does not say when it expires" },
        { "without a subject", "does not say whom it is of" },
        { "of another type", "is of the type 'logout+jwt'" },
        { "no JWT inside", "no token that can be read" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task A_token_that_is_not_good_is_refused_and_says_why(string kind, string why)
    {
        var (key, good) = (Issuer.Signing, Issuer.Token("eve", "platform"));
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var token = kind switch
        {
            "expired" => With(c => (c["iat"], c["exp"]) = (now - 600, now - 1)),
            "for another audience" => With(c => c["aud"] = new JsonArray("other", "programs")),
            "of another issuer" => With(c => c["iss"] = "https://id.example.com"),
            "unsigned" => LocalIssuer.Key.Forge(new JsonObject { ["alg"] = "none", ["kid"] = key.Id }, Issuer.Claims("eve", ["platform"]), _ => [1]),
            "signed with the public key as a secret" => LocalIssuer.Key.Forge(
                new JsonObject { ["alg"] = "HS256", ["kid"] = key.Id }, Issuer.Claims("eve", ["platform"]), signed => HMACSHA256.HashData(Encoding.ASCII.GetBytes(key.PublicPem()), signed)),
            "of an unknown key" => LocalIssuer.Key.OfRsa("unknown").Sign(Issuer.Claims("eve", ["platform"])),
            "of another key under a known name" => LocalIssuer.Key.OfRsa(key.Id).Sign(Issuer.Claims("eve", ["platform"])),
            "not good yet" => With(c => c["nbf"] = now + 120),
            "changed" => Changed(good),
            "without an end" => With(c => c.Remove("exp")),
            "without a subject" => With(c => c.Remove("sub")),
            "of another type" => key.Sign(Issuer.Claims("eve", ["platform"]), "logout+jwt"),
            _ => "aaaa.bbbb.cccc",
        };
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(good, HttpMethod.Get, WhoAmI));
        var answer = await Secured.SendAsync(token, HttpMethod.Get, WhoAmI);
        Assert.Equal((HttpStatusCode.Unauthorized, "unauthenticated"), (answer.Status, answer.Code));
        Assert.Contains(why, answer.Json.GetProperty("title").GetString(), StringComparison.Ordinal);

        string With(Action<JsonObject> change) => key.Sign(Issuer.Claims("eve", ["platform"], change));
    }

    [Fact]
    public async Task A_clock_that_is_half_a_minute_ahead_and_a_name_that_is_missing_keep_nobody_out()
    {
        var token = Issuer.Signing.Sign(Issuer.Claims("ada", ["eyes"], c =>
        {
            c["nbf"] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 30;
            c.Remove("email");
        }));
        var who = await Secured.SendAsync(token, HttpMethod.Get, WhoAmI);
        Assert.Equal("ada", who.Json.GetProperty("identity").GetProperty("name").GetString());
    }

    [Fact]
    public async Task What_a_role_says_is_known_within_seconds()
    {
        var token = Issuer.Token("ada", "custom");
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(token, HttpMethod.Get, "/api/v1/namespaces/default"));
        var role = await Secured.SendAsync(Secured.Admin, HttpMethod.Put, "/api/v1/roles/made-later", """{"permissions":[{"resources":["namespaces"],"actions":["read"],"namespaces":["*"]}]}""");
        Assert.Equal(HttpStatusCode.Created, role.Status);
        await Secured.UntilAsync(HttpStatusCode.OK, token, "/api/v1/namespaces/default");
        await Secured.SendAsync(Secured.Admin, HttpMethod.Delete, "/api/v1/roles/made-later");
        await Secured.UntilAsync(HttpStatusCode.NotFound, token, "/api/v1/namespaces/default");
    }

    [Fact]
    public async Task What_it_makes_says_so_and_is_no_more_than_it_may_do_itself()
    {
        const string body = """{"name":"made","roles":["viewer"],"namespaces":["team-a"]}""";
        var made = await Secured.SendAsync(Issuer.Token("eve", "platform"), HttpMethod.Post, "/api/v1/tokens", body);
        Assert.Equal(HttpStatusCode.Created, made.Status);
        var got = await Secured.SendAsync(Secured.Admin, HttpMethod.Get, $"/api/v1/tokens/{made.Json.GetProperty("id").GetString()}");
        Assert.Equal($"{Issuer.Url}#eve", got.Json.GetProperty("created_by").GetString());
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(Issuer.Token("bob", "team-a"), HttpMethod.Post, "/api/v1/tokens", body));
    }

    [Theory]
    [InlineData(true, HttpStatusCode.OK)]
    [InlineData(false, HttpStatusCode.Forbidden)]
    [InlineData(null, HttpStatusCode.Forbidden)]
    public async Task An_address_gives_a_role_only_where_the_provider_has_looked_at_it(bool? verified, HttpStatusCode status)
    {
        await using var secured = new SecuredServer(
            ("Oidc:Issuer", Issuer.Url), ("Oidc:Audience", LocalIssuer.Audience), ("Oidc:Claim", "email"), ("Oidc:Roles", "ada@example.com=viewer@*"));
        await secured.InitializeAsync();
        var token = Issuer.Signing.Sign(Issuer.Claims("ada", [], c => c["email_verified"] = verified));
        Assert.Equal(status, (await secured.SendAsync(token, HttpMethod.Get, WhoAmI)).Status);
    }

    [Fact]
    public async Task A_claim_within_another_gives_roles_too()
    {
        await using var secured = new SecuredServer(
            ("Oidc:Issuer", $"{Issuer.Url}/"), ("Oidc:Audience", LocalIssuer.Audience), ("Oidc:Claim", "realm_access.roles"), ("Oidc:Roles", "admins=admin@*"));
        await secured.InitializeAsync();
        var token = Issuer.Signing.Sign(Issuer.Claims("ada", ["admins"], c => c["realm_access"] = new JsonObject { ["roles"] = new JsonArray("admins") }));
        Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(token, HttpMethod.Get, "/api/v1/tokens")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await secured.SendAsync(Issuer.Token("eve", "admins"), HttpMethod.Get, WhoAmI)).Status);
    }

    [Fact]
    public async Task What_it_has_open_ends_when_its_token_expires()
    {
        await Secured.SendAsync(Secured.Admin, HttpMethod.Put, "/api/v1/namespaces/seen");
        await Secured.SendAsync(Secured.Admin, HttpMethod.Put, "/api/v1/namespaces/seen/pipelines/talks", Script("talks", "echo begins; sleep 30"));
        var run = (await Secured.SendAsync(Secured.Admin, HttpMethod.Post, "/api/v1/namespaces/seen/pipelines/talks/runs", "{}")).Json.GetProperty("number").GetInt64();
        var home = string.Create(CultureInfo.InvariantCulture, $"/api/v1/namespaces/seen/pipelines/talks/runs/{run}");
        try
        {
            var expires = TimeProvider.System.GetUtcNow().AddSeconds(6);
            using var http = Secured.Http(Issuer.Signing.Sign(Issuer.Claims("ada", ["eyes"], c => c["exp"] = expires.ToUnixTimeSeconds())));
            using var stream = await http.GetStreamAsync(new Uri($"{home}/tasks/t/logs?follow=true", UriKind.Relative), Ct);
            using var reader = new StreamReader(stream);
            while (await reader.ReadLineAsync(Ct) is { } line && !line.Contains("begins", StringComparison.Ordinal))
            {
            }

            await Assert.ThrowsAnyAsync<IOException>(async () =>
            {
                while (await reader.ReadLineAsync(Ct) is not null)
                {
                }

                throw new IOException("The stream was ended in order."); // which is as good
            });
            Assert.InRange(TimeProvider.System.GetUtcNow(), expires.AddSeconds(-1), expires.AddSeconds(5));
        }
        finally
        {
            await Secured.SendAsync(Secured.Admin, HttpMethod.Post, $"{home}/cancel");
        }
    }

    [Fact]
    public async Task Keys_change_without_a_restart_and_one_that_went_is_no_longer_good()
    {
        await using var issuer = await LocalIssuer.StartAsync();
        await using var secured = TrustingServer.Trusting(issuer);
        await secured.InitializeAsync();
        var (first, old) = (issuer.Signing, issuer.Token("ada", "eyes"));
        Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(old, HttpMethod.Get, WhoAmI)).Status);
        issuer.Signing = LocalIssuer.Key.OfCurve("second");
        var answer = await UntilAsync(secured, issuer.Token("ada", "eyes"), HttpStatusCode.OK);
        Assert.Equal("ada", answer.Json.GetProperty("identity").GetProperty("subject").GetString());
        Assert.Equal(HttpStatusCode.Unauthorized, (await secured.SendAsync(first.Sign(issuer.Claims("ada", ["eyes"])), HttpMethod.Get, WhoAmI)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await secured.SendAsync(old, HttpMethod.Get, WhoAmI)).Status);

        // Names of keys that nobody knows cost the provider next to nothing, however many come.
        var asked = issuer.Asked;
        var made = LocalIssuer.Key.OfRsa("made-up");
        for (var i = 0; i < 20; i++) await secured.SendAsync((made with { Id = $"made-up-{i}" }).Sign(issuer.Claims("eve", ["platform"])), HttpMethod.Get, WhoAmI);
        Assert.InRange(issuer.Asked - asked, 0, 2);
    }

    [Theory]
    [InlineData("away")]
    [InlineData("another issuer")]
    [InlineData("redirect")]
    [InlineData("junk")]
    public async Task Where_the_provider_does_not_say_its_keys_its_tokens_wait_and_others_are_good(string how)
    {
        await using var issuer = await LocalIssuer.StartAsync();
        issuer.Instead = how switch
        {
            "away" => _ => Results.StatusCode(503),
            "another issuer" => _ => Results.Json(new { issuer = "https://id.example.com", jwks_uri = $"{issuer.Url}/keys" }),
            "redirect" => context => Results.Redirect(context.Request.Query.ContainsKey("again") ? "/keys" : "/.well-known/openid-configuration?again=1"),
            _ => _ => Results.Text("<html>"),
        };
        await using var secured = TrustingServer.Trusting(issuer);
        await secured.InitializeAsync();
        var token = issuer.Token("ada", "eyes");
        using (var http = secured.Http(token))
        {
            using var refused = await http.GetAsync(new Uri(WhoAmI, UriKind.Relative), Ct);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.True(refused.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
            Assert.Contains("identity_provider_unavailable", await refused.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }

        Assert.Equal(0, issuer.Asked);
        Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(secured.Admin, HttpMethod.Get, WhoAmI)).Status);
        if (how != "away") return;
        issuer.Instead = null;
        await UntilAsync(secured, token, HttpStatusCode.OK);
        issuer.Instead = _ => Results.StatusCode(503);
        Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(issuer.Token("ada", "eyes"), HttpMethod.Get, WhoAmI)).Status);
    }

    /// <summary>Asks until the answer has that status; the provider is asked for its keys every ten seconds at most.</summary>
    private static async Task<Answer> UntilAsync(SecuredServer secured, string token, HttpStatusCode status)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(100, Ct))
        {
            var answer = await secured.SendAsync(token, HttpMethod.Get, WhoAmI);
            if (answer.Status == status) return answer;
            Assert.True(clock.Elapsed < s_patience, answer.ToString());
        }
    }

    private async Task<IEnumerable<string?>> NamespacesAsync(string token) =>
        (await Secured.SendAsync(token, HttpMethod.Get, "/api/v1/namespaces")).Json.GetProperty("items").EnumerateArray().Select(n => n.GetProperty("id").GetString());

    private async Task<HttpStatusCode> StatusAsync(string token, HttpMethod method, string path, string? body = null) => (await Secured.SendAsync(token, method, path, body)).Status;

    /// <summary>The same with another claim, under the signature of before.</summary>
    private static string Changed(string token)
    {
        var parts = token.Split('.');
        var claims = JsonNode.Parse(Microsoft.IdentityModel.Tokens.Base64UrlEncoder.Decode(parts[1]))!;
        claims["sub"] = "somebody-else";
        return $"{parts[0]}.{Microsoft.IdentityModel.Tokens.Base64UrlEncoder.Encode(claims.ToJsonString())}.{parts[2]}";
    }
}
