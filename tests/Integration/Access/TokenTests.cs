using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Gofer.Cli.Hosting;
using Gofer.Client;
using Gofer.Domain.Access;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Access;

/// <summary>Tokens and roles over HTTP: what they let in, and when they no longer do.</summary>
public sealed class TokenTests(SecuredServer secured)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_token_is_made_once_however_many_ask_at_the_same_time()
    {
        await using var server = new GoferServer { Works = false, Settings = { ["Gofer:Api:Authentication"] = "tokens" } };
        await server.InitializeAsync();
        using var http = server.Http();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => http.PostAsync(new Uri("/api/v1/tokens/bootstrap", UriKind.Relative), null, Ct)));
        var made = Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Created);
        Assert.All(answers.Where(a => a != made), a => Assert.Equal(HttpStatusCode.Conflict, a.StatusCode));
        Assert.True(made.Headers.CacheControl!.NoStore);
        Assert.Contains("already_bootstrapped", await answers.First(a => a != made).Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    /// <summary>It takes no token, so a page of anybody's could ask for it from the browser of somebody who reaches the server.</summary>
    [Fact]
    public async Task No_page_in_a_browser_gets_the_first_token()
    {
        await using var server = new GoferServer { Works = false, Settings = { ["Gofer:Api:Authentication"] = "tokens" } };
        await server.InitializeAsync();
        using var http = server.Http();
        using var asked = new HttpRequestMessage(HttpMethod.Post, "/api/v1/tokens/bootstrap");
        asked.Headers.TryAddWithoutValidation("Origin", "http://elsewhere.example");
        using var refused = await http.SendAsync(asked, Ct);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        using var made = await http.PostAsync(new Uri("/api/v1/tokens/bootstrap", UriKind.Relative), null, Ct);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
    }

    [Theory]
    [InlineData("team_*", new[] { "team_a" })]
    [InlineData("team*", new[] { "team_a", "teamxa" })]
    [InlineData("te*_a", new[] { "team_a" })]
    [InlineData("TEAM*", new string[0])]
    public async Task Listed_are_the_namespaces_of_the_pattern_and_no_others(string pattern, string[] names)
    {
        foreach (var name in new[] { "team_a", "teamxa" }) await secured.SendAsync(secured.Admin, HttpMethod.Put, $"/api/v1/namespaces/{name}");
        var (_, token) = await secured.TokenAsync("viewer", "1h", pattern);
        var listed = await secured.SendAsync(token, HttpMethod.Get, "/api/v1/namespaces?limit=500");
        Assert.Equal(names, listed.Json.GetProperty("items").EnumerateArray().Select(n => n.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task A_list_shows_nothing_that_the_detail_does_not()
    {
        var role = await RoleAsync("blind", """{"permissions":[{"resources":["runs"],"actions":["read"],"namespaces":["default"]}]}""");
        var (_, token) = await secured.TokenAsync(role, "1h", "*");
        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), await CodeAsync(token, "/api/v1/namespaces/default"));
        Assert.Equal(0, (await secured.SendAsync(token, HttpMethod.Get, "/api/v1/namespaces")).Json.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task No_role_takes_the_name_of_a_built_in_one_in_other_letters()
    {
        foreach (var name in new[] { "Admin", "VIEWER", "run", "Run" })
        {
            var put = await secured.SendAsync(secured.Admin, HttpMethod.Put, $"/api/v1/roles/{name}", """{"permissions":[]}""");
            Assert.Equal((HttpStatusCode.Conflict, "role_built_in"), (put.Status, put.Code));
        }
    }

    [Fact]
    public async Task A_token_is_in_the_answer_that_made_it_and_nowhere_else()
    {
        var (id, token) = await secured.TokenAsync("developer", "1h", "team-*");
        var got = await secured.SendAsync(secured.Admin, HttpMethod.Get, $"/api/v1/tokens/{id}");
        Assert.Equal((HttpStatusCode.OK, "\"1\""), (got.Status, got.ETag));
        Assert.Equal(["team-*"], got.Json.GetProperty("namespaces").EnumerateArray().Select(n => n.GetString()));
        Assert.Equal(TokenText.Parse(secured.Admin)!.Id, got.Json.GetProperty("created_by").GetString());
        var listed = await secured.SendAsync(secured.Admin, HttpMethod.Get, "/api/v1/tokens?limit=500");
        var who = await secured.SendAsync(token, HttpMethod.Get, "/api/v1/tokens/whoami");
        Assert.Contains(id, listed.Body, StringComparison.Ordinal);
        Assert.All([got.Body, listed.Body, who.Body], body => Assert.DoesNotContain(token[21..], body, StringComparison.Ordinal));
        await using var source = NpgsqlDataSource.Create(secured.Server.ConnectionString);
        await using var command = source.CreateCommand("select string_agg(t::text, ' ') from gofer.tokens t");
        var rows = (string)(await command.ExecuteScalarAsync(Ct))!;
        Assert.Contains(id, rows, StringComparison.Ordinal);
        Assert.DoesNotContain(token[21..], rows, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_without_a_good_token_is_told_why_before_its_body_is_read()
    {
        var none = await secured.SendAsync(null, HttpMethod.Put, "/api/v1/namespaces/default", "{ not JSON");
        Assert.Equal((HttpStatusCode.Unauthorized, "unauthenticated"), (none.Status, none.Code));
        using var http = secured.Http(null);
        using var answer = await http.GetAsync(new Uri("/api/v1/namespaces", UriKind.Relative), Ct);
        Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.ToString());
        var (id, token) = await secured.TokenAsync("viewer", "1h", "*");
        Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(secured.Admin, HttpMethod.Patch, $"/api/v1/tokens/{id}", """{"disabled":true}""")).Status);
        Assert.Contains($"The token {id} is disabled", (await secured.UntilAsync(HttpStatusCode.Unauthorized, token, "/api/v1/system")).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(secured.Admin, HttpMethod.Patch, $"/api/v1/tokens/{id}", """{"disabled":false}""")).Status);
        await secured.UntilAsync(HttpStatusCode.OK, token, "/api/v1/system");
    }

    [Theory]
    [InlineData("Bearer")]
    [InlineData("Basic YTpi")]
    [InlineData("gof_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public async Task What_is_no_bearer_token_is_refused(string header)
    {
        using var http = secured.Http(null);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/system");
        request.Headers.TryAddWithoutValidation("Authorization", header);
        using var answer = await http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task The_client_that_programs_register_shows_its_token()
    {
        var (_, token) = await secured.TokenAsync("viewer", "1h", "default");
        var services = new ServiceCollection();
        services.AddGoferClient(o => (o.Server, o.Token) = (secured.Server.Url, token));
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<GoferClient>();
        Assert.Equal("default", (await client.Namespaces.GetNamespaceAsync("default", Ct)).Id);
        var refused = await Assert.ThrowsAnyAsync<Refit.ApiException>(() => client.Namespaces.DeleteNamespaceAsync("default", cancellationToken: Ct));
        Assert.Equal("forbidden", refused.Problem()!.Code);
    }

    [Fact]
    public async Task A_route_that_is_none_is_none_and_a_method_that_is_none_is_said_to_those_who_have_a_token()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await secured.SendAsync(null, HttpMethod.Get, "/api/v1/nothing")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await secured.SendAsync(null, HttpMethod.Delete, "/api/v1/system")).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await secured.SendAsync(secured.Admin, HttpMethod.Delete, "/api/v1/system")).Status);
    }

    [Fact]
    public async Task Nobody_gives_away_more_than_it_has()
    {
        var role = await RoleAsync("minter", """{"permissions":[{"resources":["tokens","roles"],"actions":["*"],"namespaces":["*"]},{"resources":["runs"],"actions":["read"],"namespaces":["team-*"]}]}""");
        var (_, minter) = await secured.TokenAsync(role, "1h", "*");
        Assert.Equal(HttpStatusCode.Forbidden, (await MintAsync(minter, "admin", "*")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await MintAsync(minter, "viewer", "team-a")).Status);
        Assert.Equal(HttpStatusCode.Created, (await MintAsync(minter, role, "team-a")).Status);
        var narrow = await RoleAsync("narrow", """{"permissions":[{"resources":["runs"],"actions":["read"],"namespaces":["team-a"]}]}""", minter);
        Assert.Equal(HttpStatusCode.Created, (await MintAsync(minter, narrow, "*")).Status);

        // Nor by way of a role, of a token that is there, or of one that may do more and sleeps.
        var wide = await secured.SendAsync(minter, HttpMethod.Put, $"/api/v1/roles/{narrow}", """{"permissions":[{"resources":["secrets"],"actions":["read"],"namespaces":["team-a"]}]}""");
        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (wide.Status, wide.Code));
        var (id, _) = await secured.TokenAsync("admin", "1h", "*");
        Assert.Equal(HttpStatusCode.Forbidden, (await secured.SendAsync(minter, HttpMethod.Patch, $"/api/v1/tokens/{id}", """{"disabled":true}""")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await secured.SendAsync(minter, HttpMethod.Delete, $"/api/v1/tokens/{id}")).Status);
        var (self, text) = await secured.TokenAsync(role, "1h", "*");
        Assert.Equal(HttpStatusCode.NoContent, (await secured.SendAsync(text, HttpMethod.Delete, $"/api/v1/tokens/{self}")).Status);
        var (own, _) = await secured.TokenAsync(narrow, "1h", "team-a");
        Assert.Equal(HttpStatusCode.Forbidden, (await secured.SendAsync(minter, HttpMethod.Patch, $"/api/v1/tokens/{own}", """{"roles":["admin"]}""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(minter, HttpMethod.Patch, $"/api/v1/tokens/{own}", """{"name":"renamed"}""")).Status);
    }

    [Fact]
    public async Task A_role_says_what_its_tokens_may_and_another_saying_is_known_within_seconds()
    {
        var role = await RoleAsync("reader", """{"permissions":[{"resources":["namespaces"],"actions":["read"],"namespaces":["default"]}]}""");
        var (_, token) = await secured.TokenAsync(role, "1h", "*");
        Assert.Equal(HttpStatusCode.OK, (await secured.SendAsync(token, HttpMethod.Get, "/api/v1/namespaces/default")).Status);
        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), await CodeAsync(token, "/api/v1/namespaces/default/pipelines"));
        Assert.Equal((HttpStatusCode.NotFound, "namespace_not_found"), await CodeAsync(token, "/api/v1/namespaces/defaults/pipelines"));
        Assert.Equal(["default"], (await secured.SendAsync(token, HttpMethod.Get, "/api/v1/namespaces")).Json.GetProperty("items").EnumerateArray().Select(n => n.GetProperty("id").GetString()));
        await RoleAsync(role, """{"permissions":[{"resources":["*"],"actions":["read"],"namespaces":["default"]}]}""", name: role);
        await secured.UntilAsync(HttpStatusCode.OK, token, "/api/v1/namespaces/default/pipelines");
        await RoleAsync(role, """{"permissions":[]}""", name: role);
        await secured.UntilAsync(HttpStatusCode.NotFound, token, "/api/v1/namespaces/default");
    }

    [Fact]
    public async Task Who_registers_need_not_be_who_deploys()
    {
        var role = await RoleAsync("writer", """{"permissions":[{"resources":["pipelines"],"actions":["read","write"],"namespaces":["default"]}]}""");
        var (_, token) = await secured.TokenAsync(role, "1h", "default");
        Assert.Equal(HttpStatusCode.Created, (await secured.SendAsync(token, HttpMethod.Put, "/api/v1/namespaces/default/pipelines/written", Script("written", "true"))).Status);
        var deployed = await secured.SendAsync(token, HttpMethod.Put, "/api/v1/namespaces/default/pipelines/written?deploy=true", Script("written", "false"));
        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (deployed.Status, deployed.Code));
        Assert.Equal(HttpStatusCode.Created, (await secured.SendAsync(token, HttpMethod.Put, "/api/v1/namespaces/default/pipelines/written", Script("written", "false"))).Status);
    }

    [Fact]
    public async Task A_role_that_tokens_have_stays_and_so_do_those_that_every_install_has()
    {
        var role = await RoleAsync("kept", """{"permissions":[]}""");
        var (id, _) = await secured.TokenAsync(role, "1h", "*");
        Assert.Equal((HttpStatusCode.Conflict, "in_use"), await DeleteAsync($"/api/v1/roles/{role}"));
        Assert.Equal(HttpStatusCode.NoContent, (await secured.SendAsync(secured.Admin, HttpMethod.Delete, $"/api/v1/tokens/{id}")).Status);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await secured.SendAsync(secured.Admin, HttpMethod.Delete, $"/api/v1/roles/{role}", ifMatch: "\"9\"")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await secured.SendAsync(secured.Admin, HttpMethod.Delete, $"/api/v1/roles/{role}")).Status);
        Assert.Equal((HttpStatusCode.Conflict, "role_built_in"), await DeleteAsync("/api/v1/roles/admin"));
        Assert.Equal((HttpStatusCode.NotFound, "role_not_found"), await DeleteAsync("/api/v1/roles/admins"));
        var roles = (await secured.SendAsync(secured.Admin, HttpMethod.Get, "/api/v1/roles?limit=3")).Json;
        Assert.Equal("admin", roles.GetProperty("items")[0].GetProperty("id").GetString());
        var rest = await secured.SendAsync(secured.Admin, HttpMethod.Get, $"/api/v1/roles?limit=500&cursor={roles.GetProperty("next_cursor").GetString()}");
        var all = roles.GetProperty("items").EnumerateArray().Concat(rest.Json.GetProperty("items").EnumerateArray()).Select(r => r.GetProperty("id").GetString()!).ToList();
        Assert.Equal(all.Order(StringComparer.Ordinal), all);
        Assert.Empty(BuiltInRoles.All.Keys.Except(all));
    }

    [Fact]
    public async Task What_is_wrong_with_a_token_or_a_role_is_said_all_at_once()
    {
        var token = await secured.SendAsync(secured.Admin, HttpMethod.Post, "/api/v1/tokens", """{"name":"a b","roles":[],"namespaces":["team a"],"expires_in":"400d","ttl":1}""");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, token.Status);
        Assert.Equal(["/expires_in", "/name", "/namespaces/0", "/roles", "/ttl"], token.Pointers.Order(StringComparer.Ordinal));
        var unknown = await secured.SendAsync(secured.Admin, HttpMethod.Post, "/api/v1/tokens", """{"name":"x","roles":["viewer","develper"],"namespaces":["*"]}""");
        Assert.Equal(["/roles/1"], unknown.Pointers);
        Assert.Contains("Did you mean 'developer'?", unknown.Body, StringComparison.Ordinal);
        var role = await secured.SendAsync(secured.Admin, HttpMethod.Put, "/api/v1/roles/bad", """{"permissions":[{"resources":["run"],"actions":[],"namespaces":["*"]},{"resources":["runs"],"actions":["read"]}]}""");
        Assert.Equal(["/permissions/0/actions", "/permissions/0/resources/0", "/permissions/1/namespaces"], role.Pointers.Order(StringComparer.Ordinal));
        Assert.Contains("Did you mean 'runs'?", role.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_use_of_a_token_is_kept()
    {
        var (id, token) = await secured.TokenAsync("viewer", "1h", "*");
        Assert.Equal(JsonValueKind.Null, (await secured.SendAsync(secured.Admin, HttpMethod.Get, $"/api/v1/tokens/{id}")).Json.GetProperty("last_used_at").ValueKind);
        await secured.SendAsync(token, HttpMethod.Get, "/api/v1/system");
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(50, Ct))
        {
            var got = await secured.SendAsync(secured.Admin, HttpMethod.Get, $"/api/v1/tokens/{id}");
            if (got.Json.GetProperty("last_used_at").ValueKind == JsonValueKind.String) break;
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), got.ToString());
        }
    }

    [Theory]
    [InlineData("revoked")]
    [InlineData("revoked-elsewhere")]
    [InlineData("disabled")]
    [InlineData("given-another-role")]
    [InlineData("expired")]
    public async Task What_a_token_has_open_ends_within_five_seconds_of_its_own_end(string how)
    {
        var pipeline = $"talks-{how}";
        await secured.SendAsync(secured.Admin, HttpMethod.Put, $"/api/v1/namespaces/default/pipelines/{pipeline}", Script(pipeline, "echo begins; sleep 120"));
        var run = (await secured.SendAsync(secured.Admin, HttpMethod.Post, $"/api/v1/namespaces/default/pipelines/{pipeline}/runs", "{}")).Json.GetProperty("number").GetInt64();
        var home = string.Create(CultureInfo.InvariantCulture, $"/api/v1/namespaces/default/pipelines/{pipeline}/runs/{run}");
        // Others of the install know nothing of each other but what is in the database.
        await using var other = how == "revoked-elsewhere" ? await OtherServerAsync() : null;
        try
        {
            for (var clock = System.Diagnostics.Stopwatch.StartNew(); !(await secured.SendAsync(secured.Admin, HttpMethod.Get, $"{home}/logs")).Body.Contains("begins", StringComparison.Ordinal); await Task.Delay(50, Ct))
                Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), "The task says nothing.");
            var (id, token) = await secured.TokenAsync("viewer", how == "expired" ? "4s" : "1h", "default");
            var made = System.Diagnostics.Stopwatch.StartNew();
            using var http = secured.Http(token);
            using var stream = await http.GetStreamAsync(new Uri(other?.Url ?? secured.Server.Url, $"{home}/tasks/t/logs?follow=true"), Ct);
            using var reader = new StreamReader(stream);
            while (await reader.ReadLineAsync(Ct) is { } line && !line.Contains("begins", StringComparison.Ordinal))
            {
            }

            var ended = how switch
            {
                "disabled" => await secured.SendAsync(secured.Admin, HttpMethod.Patch, $"/api/v1/tokens/{id}", """{"disabled":true}"""),
                "given-another-role" => await secured.SendAsync(secured.Admin, HttpMethod.Patch, $"/api/v1/tokens/{id}", """{"roles":["operator"]}"""),
                "expired" => null,
                _ => await secured.SendAsync(secured.Admin, HttpMethod.Delete, $"/api/v1/tokens/{id}"),
            };
            var since = System.Diagnostics.Stopwatch.StartNew();
            Assert.True(ended?.Status is null or HttpStatusCode.NoContent or HttpStatusCode.OK, ended?.ToString());
            await Assert.ThrowsAnyAsync<IOException>(async () =>
            {
                while (await reader.ReadLineAsync(Ct) is not null)
                {
                }

                throw new IOException("The stream was ended in order."); // which is as good
            });
            var took = how == "expired" ? made.Elapsed - TimeSpan.FromSeconds(4) : since.Elapsed;
            Assert.True(took < TimeSpan.FromSeconds(5), $"The stream ended after {took}.");
        }
        finally
        {
            await secured.SendAsync(secured.Admin, HttpMethod.Post, $"{home}/cancel");
        }
    }

    /// <summary>The looks at tokens that cannot be read take all places of a pass, and the revoked one's is behind them.</summary>
    [Fact]
    public async Task A_token_that_cannot_be_read_does_not_keep_a_revoked_one_open()
    {
        await secured.SendAsync(secured.Admin, HttpMethod.Put, "/api/v1/namespaces/default/pipelines/talks-3", Script("talks-3", "echo begins; sleep 120"));
        var run = (await secured.SendAsync(secured.Admin, HttpMethod.Post, "/api/v1/namespaces/default/pipelines/talks-3/runs", "{}")).Json.GetProperty("number").GetInt64();
        var home = string.Create(CultureInfo.InvariantCulture, $"/api/v1/namespaces/default/pipelines/talks-3/runs/{run}");
        var role = await RoleAsync("broken", """{"permissions":[{"resources":["*"],"actions":["read"],"namespaces":["default"]}]}""");
        await using var source = NpgsqlDataSource.Create(secured.Server.ConnectionString);
        var streams = new List<(HttpClient Http, Stream Stream)>();
        try
        {
            for (var i = 0; i < 40; i++) await OpenAsync((await secured.TokenAsync(role, "1h", "default")).Token);
            var (id, token) = await secured.TokenAsync("viewer", "1h", "default");
            var open = await OpenAsync(token);
            await using (var command = source.CreateCommand("update gofer.roles set permissions = '\"none\"' where name = $1"))
            {
                command.Parameters.AddWithValue(role);
                Assert.Equal(1, await command.ExecuteNonQueryAsync(Ct));
            }

            Assert.Equal(HttpStatusCode.NoContent, (await secured.SendAsync(secured.Admin, HttpMethod.Delete, $"/api/v1/tokens/{id}")).Status);
            using var reader = new StreamReader(open);
            var ended = Task.Run(async () =>
            {
                try
                {
                    while (await reader.ReadLineAsync(Ct) is not null)
                    {
                    }
                }
                catch (IOException)
                {
                    // cut, which is meant
                }
            }, Ct);
            await ended.WaitAsync(TimeSpan.FromSeconds(5), Ct);
        }
        finally
        {
            await using (var command = source.CreateCommand("update gofer.roles set permissions = '[]' where name = $1"))
            {
                command.Parameters.AddWithValue(role);
                await command.ExecuteNonQueryAsync(Ct);
            }

            await secured.SendAsync(secured.Admin, HttpMethod.Post, $"{home}/cancel");
            foreach (var (http, stream) in streams)
            {
                await stream.DisposeAsync();
                http.Dispose();
            }
        }

        async Task<Stream> OpenAsync(string token)
        {
            var http = secured.Http(token);
            var stream = await http.GetStreamAsync(new Uri($"{home}/tasks/t/logs?follow=true", UriKind.Relative), Ct);
            streams.Add((http, stream));
            return stream;
        }
    }

    /// <summary>A server of its own over the same database.</summary>
    private async Task<ServerHost> OtherServerAsync()
    {
        var plan = new ServerPlan
        {
            Settings = new ConfigurationBuilder().AddInMemoryCollection(secured.Server.Settings).Build(),
            Postgres = secured.Server.ConnectionString,
            Keys = TestKeys.Ring,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
        };
        return (await ServerHost.StartAsync(plan, Ct)).Value;
    }

    private Task<Answer> MintAsync(string minter, string role, string @namespace) => secured.SendAsync(
        minter, HttpMethod.Post, "/api/v1/tokens", JsonSerializer.Serialize(new { name = "minted", roles = new[] { role }, namespaces = new[] { @namespace } }));

    private async Task<string> RoleAsync(string word, string body, string? by = null, string? name = null)
    {
        name ??= $"{word}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        var put = await secured.SendAsync(by ?? secured.Admin, HttpMethod.Put, $"/api/v1/roles/{name}", body);
        Assert.True(put.Status is HttpStatusCode.Created or HttpStatusCode.OK, put.ToString());
        return name;
    }

    private async Task<(HttpStatusCode, string)> CodeAsync(string token, string path)
    {
        var answer = await secured.SendAsync(token, HttpMethod.Get, path);
        return (answer.Status, answer.Code);
    }

    private async Task<(HttpStatusCode, string)> DeleteAsync(string path)
    {
        var answer = await secured.SendAsync(secured.Admin, HttpMethod.Delete, path);
        return (answer.Status, answer.Code);
    }
}
