using Gofer.Application.Secrets;
using Gofer.Domain.Secrets;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Secrets;
using Gofer.Infrastructure.Secrets;
using Gofer.Tests.Support;
using Gofer.Tests.Support.Engine;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Gofer.Tests.Integration.Secrets;

/// <summary>Secrets in Gofer's own database, and what somebody who may write there can do to them.</summary>
public sealed class PostgresSecretStoreTests : SecretStoreContract, IAsyncLifetime
{
    private TestInstall _install = null!;

    private protected override ISecretStore Store => _install.Services.GetRequiredService<ISecretStore>();

    public async ValueTask InitializeAsync() => _install = await TestInstall.StartAsync(Ct);

    public ValueTask DisposeAsync() => _install.DisposeAsync();

    [Fact]
    public async Task The_database_has_nothing_of_a_value()
    {
        await Store.PutAsync(Scopes()[0], "token", Text("correct horse battery staple"), null, Ct);
        var row = await _install.ScalarAsync<string>("select string_agg(s::text || encode(value, 'escape') || encode(wrapped_key, 'escape'), ' ') from gofer.secrets s", Ct);
        Assert.DoesNotContain("horse", row, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexString("correct horse"u8), row, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("value = set_byte(value, length(value) / 2, get_byte(value, length(value) / 2) # 1)")]
    [InlineData("wrapped_key = set_byte(wrapped_key, 20, get_byte(wrapped_key, 20) # 128)")]
    [InlineData("version = version + 1")]
    [InlineData("key = 'other'", "other")]
    [InlineData("value = (select o.value from gofer.secrets o where o.key = 'second'), wrapped_key = (select o.wrapped_key from gofer.secrets o where o.key = 'second')")]
    public async Task What_was_altered_or_moved_does_not_open_and_says_so(string change, string key = "token")
    {
        var scope = Scopes()[0];
        await Store.PutAsync(scope, "token", Text("correct horse"), null, Ct);
        await Store.PutAsync(scope, "second", Text("battery staple"), null, Ct);
        await ExecuteAsync($"update gofer.secrets set {change} where key = 'token'");
        Assert.Equal(
            $"The pipeline secret '{key}' does not open: it was altered or moved in the database, or its key is another one of the same name. Set it again.",
            (await Assert.ThrowsAsync<UnreadableSecretException>(() => Store.ReadAsync(scope, key, Ct))).Message);
        Assert.Equal("battery staple", (await Store.ReadAsync(scope, "second", Ct))!.Value.Reveal());
        await Store.PutAsync(scope, key, Text("set again"), null, Ct);
        Assert.Equal("set again", (await Store.ReadAsync(scope, key, Ct))!.Value.Reveal());
    }

    [Fact]
    public async Task A_row_of_another_pipeline_does_not_open_here()
    {
        var scopes = Scopes();
        await Store.PutAsync(scopes[1], "token", Text("not yours"), null, Ct);
        await ExecuteAsync($"update gofer.secrets set owner = '{scopes[0].Owner}'");
        await Assert.ThrowsAsync<UnreadableSecretException>(() => Store.ReadAsync(scopes[0], "token", Ct));
    }

    [Fact]
    public async Task A_process_without_the_key_names_it_and_one_with_both_reads_what_either_sealed()
    {
        var scope = Scopes()[0];
        await Store.PutAsync(scope, "old", Text("of the old key"), null, Ct);
        var (both, other) = (KeyRing.Parse($"{KeyRing.Generate("new")},{TestKeys.Text}").Value, KeyRing.Parse(KeyRing.Generate("other")).Value);
        var rotated = new PostgresSecretStore(_install.Source, both, _install.Services.GetRequiredService<GoferDatabase>());
        await rotated.PutAsync(scope, "new", Text("of the new key"), null, Ct);
        Assert.Equal("of the old key", (await rotated.ReadAsync(scope, "old", Ct))!.Value.Reveal());
        Assert.Equal("of the new key", (await rotated.ReadAsync(scope, "new", Ct))!.Value.Reveal());
        var without = new PostgresSecretStore(_install.Source, other, _install.Services.GetRequiredService<GoferDatabase>());
        Assert.Equal(
            "The pipeline secret 'old' was sealed with the key 'test', and this process has only 'other'. Add it to secrets.keys behind the first.",
            (await Assert.ThrowsAsync<UnreadableSecretException>(() => without.ReadAsync(scope, "old", Ct))).Message);
    }

    [Fact]
    public async Task A_process_with_another_key_of_a_known_name_does_not_start()
    {
        var others = KeyRing.Parse(KeyRing.Generate("test")).Value;
        var services = new ServiceCollection().AddLogging().AddGoferPostgres(_install.ConnectionString).AddGoferSecrets(others);
        await using var provider = services.BuildServiceProvider();
        var opened = await provider.GetRequiredService<GoferDatabase>().OpenAsync(migrate: false, Ct);
        Assert.Contains("The key 'test' of secrets.keys is not the one that this install knows by that name", opened.Error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Housekeeping_removes_the_secrets_of_what_was_deleted_and_no_others()
    {
        var (home, pipeline) = await _install.RegisterAsync("""{"id":"p","tasks":[{"id":"t","image":"i"}]}""", Ct);
        SecretScope[] kept = [new SecretScope.OfPipeline(home, pipeline), new SecretScope.OfNamespace(home), new SecretScope.Global()];
        foreach (var scope in kept) await Store.PutAsync(scope, "token", Text("correct horse"), ["*"], Ct);
        var gone = Scopes();
        await Store.PutAsync(gone[0], "token", Text("of no pipeline"), null, Ct);
        await Store.PutAsync(gone[2], "token", Text("of no namespace"), null, Ct);
        await _install.Services.GetRequiredService<Housekeeping>().RunAsync(Ct);
        Assert.Null(await Store.FindAsync(gone[0], "token", Ct));
        Assert.Null(await Store.FindAsync(gone[2], "token", Ct));
        foreach (var scope in kept) Assert.NotNull(await Store.FindAsync(scope, "token", Ct));
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _install.Source.CreateCommand(sql);
        Assert.NotEqual(0, await command.ExecuteNonQueryAsync(Ct));
    }
}
