using System.Text.Json.Nodes;
using Gofer.Application.Common;
using Gofer.Application.Secrets;
using Gofer.Domain.Secrets;
using Gofer.Infrastructure.Secrets.Vault;

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
    public async Task As_many_patterns_as_a_secret_may_have_are_kept()
    {
        var (scope, key) = (new SecretScope.Global(), "many");
        string[] patterns = [.. Enumerable.Range(0, NamespacePattern.MaxCount).Select(i => $"{new string('n', 120)}-{i:000}*")];
        Assert.Equal(patterns, (await Store.PutAsync(scope, key, Text("correct horse"), patterns, Ct))!.Namespaces);
        Assert.Equal(patterns, (await Store.FindAsync(scope, key, Ct))!.Namespaces);
    }
}
