using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Gofer.Application.Common;
using Gofer.Application.Secrets;
using Gofer.Client;
using Gofer.Domain.Namespaces;
using Gofer.Domain.Secrets;
using Gofer.Infrastructure.Secrets.Vault;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Secrets;

/// <summary>Secrets in a Vault, which is a double here: see <see cref="VaultDouble"/>.</summary>
public sealed class VaultSecretStoreTests : SecretStoreContract, IAsyncLifetime
{
    private static readonly Guid s_install = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    private readonly string _tokenPath = Path.GetTempFileName();
    private VaultDouble _vault = null!;
    private VaultClient _client = null!;
    private VaultSecretStore _store = null!;

    private protected override ISecretStore Store => _store;

    public async ValueTask InitializeAsync()
    {
        _vault = await VaultDouble.StartAsync(Ct);
        await File.WriteAllTextAsync(_tokenPath, $"{_vault.Token}\n", Ct);
        var options = new VaultOptions { Address = _vault.Address, TokenPath = _tokenPath, Mount = "kv" };
        _client = new VaultClient(options);
        _store = new VaultSecretStore(_client, options, () => s_install);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _vault.DisposeAsync();
        File.Delete(_tokenPath);
    }

    [Fact]
    public async Task Only_a_read_asks_for_data()
    {
        var scope = Scopes()[0];
        await Store.PutAsync(scope, "token", Text("correct horse"), null, Ct);
        await Store.FindAsync(scope, "token", Ct);
        await Store.ListAsync(scope, "", 10, Ct);
        Assert.DoesNotContain(_vault.Asked, a => a.StartsWith("GET /v1/kv/data/", StringComparison.Ordinal));
        await Store.ReadAsync(scope, "token", Ct);
        Assert.Contains($"GET /v1/kv/data/gofer/{s_install}/pipeline/{scope.Owner}/token", _vault.Asked);
        await Store.DeleteAsync(scope, "token", Ct);
        Assert.Single(_vault.Asked, a => a.StartsWith("GET /v1/kv/data/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_sealed_vault_is_a_store_that_is_away_until_it_is_opened()
    {
        var scope = Scopes()[0];
        await Store.PutAsync(scope, "token", Text("correct horse"), null, Ct);
        _vault.IsSealed = true;
        Assert.Equal(
            $"Vault at {_vault.Address} is sealed or not ready (503): Vault is sealed",
            (await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.ReadAsync(scope, "token", Ct))).Message);
        _vault.IsSealed = false;
        Assert.Equal("correct horse", (await Store.ReadAsync(scope, "token", Ct))!.Value.Reveal());
    }

    [Fact]
    public async Task The_first_token_that_is_refused_is_sent_once()
    {
        _vault.Token = "hvs.second";
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.FindAsync(Scopes()[0], "token", Ct));
        Assert.Single(_vault.Asked);
    }

    [Fact]
    public async Task A_vault_below_a_path_is_asked_there()
    {
        _vault.Base = "/team/vault";
        var options = new VaultOptions { Address = _vault.Address, TokenPath = _tokenPath, Mount = "kv" };
        using var client = new VaultClient(options);
        var store = new VaultSecretStore(client, options, () => s_install);
        var scope = Scopes()[0];
        await store.PutAsync(scope, "token", Text("correct horse"), null, Ct);
        Assert.Equal("correct horse", (await store.ReadAsync(scope, "token", Ct))!.Value.Reveal());
    }

    [Fact]
    public async Task A_token_that_an_agent_renewed_is_read_anew_and_one_that_is_refused_is_said()
    {
        var scope = Scopes()[0];
        await Store.PutAsync(scope, "token", Text("correct horse"), null, Ct);
        _vault.Token = "hvs.second";
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.FindAsync(scope, "token", Ct));
        Assert.Equal($"Vault at {_vault.Address} refuses the token for GET kv/metadata/gofer/{s_install}/pipeline/{scope.Owner}/token (403): has it run out, and does its policy allow that?", refused.Message);
        await File.WriteAllTextAsync(_tokenPath, "hvs.second\n", Ct);
        Assert.NotNull(await Store.FindAsync(scope, "token", Ct));
    }

    [Fact]
    public async Task A_vault_that_is_not_there_is_said()
    {
        var address = _vault.Address;
        await _vault.DisposeAsync();
        var away = await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.FindAsync(Scopes()[0], "token", Ct));
        Assert.StartsWith($"Vault at {address} cannot be reached: ", away.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_that_somebody_deleted_in_vault_is_not_there_and_one_of_another_shape_does_not_open()
    {
        var scope = Scopes()[0];
        await Store.PutAsync(scope, "token", Text("correct horse"), null, Ct);
        await Store.PutAsync(scope, "other", Text("correct horse"), null, Ct);
        _vault.SoftDelete("/token");
        Assert.Null(await Store.FindAsync(scope, "token", Ct));
        Assert.Null(await Store.ReadAsync(scope, "token", Ct));
        Assert.Equal(["other"], (await Store.ListAsync(scope, "", 10, Ct)).Select(s => s.Key));
        Assert.Equal(2, (await Store.PutAsync(scope, "token", Text("again"), null, Ct))!.Version);

        _vault.Replace("/other", new JsonObject { ["password"] = "correct horse" });
        Assert.Equal(
            $"The pipeline secret 'other' in Vault has no text of at most {SecretText.MaxBytes} bytes under 'value'. Set it again.",
            (await Assert.ThrowsAsync<UnreadableSecretException>(() => Store.ReadAsync(scope, "other", Ct))).Message);
    }

    [Fact]
    public async Task An_install_keeps_its_secrets_there_and_its_tasks_get_them_from_there()
    {
        (string, string)[] settings =
        [
            ("GOFER_SECRETS__STORE", "vault"), ("GOFER_VAULT__ADDRESS", _vault.Address.ToString()), ("GOFER_VAULT__TOKEN_PATH", _tokenPath),
            ("GOFER_VAULT__MOUNT", "kv"), ("GOFER_VAULT__PREFIX", "teams/gofer"),
        ];
        await using var cluster = await GoferCluster.StartAsync(settings);
        await cluster.WorkerAsync(settings: settings);
        await cluster.Area.RegisterAsync(Of("p", Step("t", "echo ${#X} $X").And(""" "variables":{"X":"pipeline_secret{{token}}"} """)));
        var put = await cluster.Area.SendAsync(HttpMethod.Put, "pipelines/p/secrets/token", """{"value":"correct horse"}""");
        Assert.Equal(HttpStatusCode.Created, put.Status);
        Assert.DoesNotContain(_vault.Asked, a => a.StartsWith("GET /v1/kv/data/", StringComparison.Ordinal));
        var run = await cluster.Area.EndAsync(await cluster.Area.RunAsync("p"));
        Assert.Equal(RunState.Succeeded, run.State);
        Assert.Equal("13 ***\n", Encoding.UTF8.GetString(await cluster.Area.LogAsync(run)));
        Assert.Contains(_vault.Asked, a => a.StartsWith("GET /v1/kv/data/teams/gofer/", StringComparison.Ordinal));
        Assert.Equal(0, await cluster.ScalarAsync<long>("select count(*) from gofer.secrets"));

        _vault.IsSealed = true;
        var away = await cluster.Area.SendAsync(HttpMethod.Get, "pipelines/p/secrets/token");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "store_unavailable"), (away.Status, away.Json.GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData("nothing says where it is. Set vault.address in the settings file, or GOFER_VAULT__ADDRESS.")]
    [InlineData("nothing says a file with a token that it lets in. Set vault.token_path", "GOFER_VAULT__ADDRESS", "http://127.0.0.1:8200")]
    [InlineData("Both vault.token and vault.token_path are set; give one of them.", "GOFER_VAULT__ADDRESS", "http://127.0.0.1:8200", "GOFER_VAULT__TOKEN", "hvs.x", "GOFER_VAULT__TOKEN_PATH", "/x")]
    public async Task What_is_missing_to_reach_it_is_said_before_anything_starts(string said, params string[] given)
    {
        (string, string)[] settings = [("GOFER_SECRETS__STORE", "vault"), .. given.Chunk(2).Select(g => (g[0], g[1]))];
        foreach (var process in new[] { "api", "worker" })
        {
            var (exit, _, error) = await GoferProcess.RunAsync([process, "--postgres", "postgres://gofer@127.0.0.1:1/gofer"], settings);
            Assert.NotEqual(0, exit);
            Assert.Contains(said, error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task As_many_patterns_as_a_secret_may_have_are_kept()
    {
        var (scope, key) = (new SecretScope.Global(), "many");
        string[] patterns = [.. Enumerable.Range(0, NamespacePattern.MaxCount).Select(i => $"{new string('n', 120)}-{i:000}*")];
        Assert.Equal(patterns, (await Store.PutAsync(scope, key, Text("correct horse"), patterns, Ct))!.Namespaces);
        Assert.Equal(patterns, (await Store.FindAsync(scope, key, Ct))!.Namespaces);
    }
}
