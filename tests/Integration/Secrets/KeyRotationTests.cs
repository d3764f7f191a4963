using System.Globalization;
using System.Text;
using Gofer.Application.Secrets;
using Gofer.Domain.Common;
using Gofer.Domain.Secrets;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Secrets;
using Gofer.Infrastructure.Secrets;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;
using Gofer.Tests.Support.Engine;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NpgsqlTypes;

namespace Gofer.Tests.Integration.Secrets;

/// <summary>The change of the key that secrets are sealed with, by real processes that die in the middle.</summary>
public sealed class KeyRotationTests : IAsyncLifetime
{
    private const int Count = 10_000;

    private readonly string _new = KeyRing.Generate("new");
    private TestInstall _install = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _install = await TestInstall.StartAsync(Ct);

    public ValueTask DisposeAsync() => _install.DisposeAsync();

    [Fact]
    public async Task A_rotation_of_10_000_secrets_that_is_killed_five_times_comes_to_its_end_and_all_are_readable_throughout()
    {
        var scopes = await FillAsync();
        var both = Store($"{_new},{TestKeys.Text}");
        for (var kill = 1; kill <= 5; kill++)
        {
            // It is killed once it has done another share, whatever share of a batch it is in then.
            await using (var process = Rotate())
            {
                while (await WrappedAsync() < kill * Count / 8 && !process.HasExited) await Task.Delay(5, Ct);
                await process.KillAsync();
            }

            Assert.InRange(await WrappedAsync(), kill * Count / 8, Count - 1);
            await ReadSomeAsync(both, scopes, kill);
        }

        await using var last = Rotate();
        Assert.Equal(0, await last.ExitAsync());
        Assert.Contains("No other key is needed", last.Error, StringComparison.Ordinal);
        Assert.Equal(Count, await WrappedAsync());
        var alone = Store(_new);
        for (var i = 0; i < Count; i++) Assert.Equal(Value(i), (await alone.ReadAsync(scopes[i % scopes.Count], Key(i), Ct))!.Value.Reveal());
    }

    [Fact]
    public async Task What_does_not_open_is_named_stays_and_does_not_stop_the_rest()
    {
        var store = Store(TestKeys.Text);
        foreach (var key in new[] { "a", "b", "c" }) await store.PutAsync(new SecretScope.Global(), key, SecretText.Of("correct horse").Value, ["*"], Ct);
        await using (var command = _install.Source.CreateCommand("update gofer.secrets set version = 7 where key = 'b'")) await command.ExecuteNonQueryAsync(Ct);
        await using var process = Rotate();
        Assert.Equal(1, await process.ExitAsync());
        Assert.Contains("gofer: The global secret 'b' does not open", process.Error, StringComparison.Ordinal);
        Assert.Contains("2 wrapped anew with the key 'new'.", process.Error, StringComparison.Ordinal);
        Assert.Contains("Still needed: 'test'", process.Error, StringComparison.Ordinal);
        Assert.Equal("correct horse", (await Store(_new).ReadAsync(new SecretScope.Global(), "c", Ct))!.Value.Reveal());
    }

    [Fact]
    public async Task What_running_attempts_keep_is_wrapped_too()
    {
        var run = new RunId(Guid.CreateVersion7());
        var place = SealedPlace.OfAttempt(_install.Services.GetRequiredService<GoferDatabase>().Install, run, 1, 2);
        var kept = Envelope.Seal(TestKeys.Ring, place, "[]"u8);
        await using (var command = _install.Source.CreateCommand("insert into gofer.attempt_secrets values ($1, 1, 2, 'test', $2, $3)"))
        {
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = run.Value });
            command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = kept.WrappedKey });
            command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = kept.Value });
            await command.ExecuteNonQueryAsync(Ct);
        }

        await using var process = Rotate();
        Assert.Equal(0, await process.ExitAsync());
        var wrapped = await _install.ScalarAsync<byte[]>("select wrapped_key from gofer.attempt_secrets where key_name = 'new'", Ct);
        Assert.Equal("[]"u8.ToArray(), Envelope.Open(KeyRing.Parse(_new).Value, place, new SealedValue("new", wrapped, kept.Value)));
    }

    private GoferProcess Rotate() => GoferProcess.Start(
        ["secret", "rotate-key", "--postgres", _install.ConnectionString], [("GOFER_SECRETS__KEYS", $"{_new},{TestKeys.Text}")]);

    private PostgresSecretStore Store(string keys) =>
        new(_install.Source, KeyRing.Parse(keys).Value, _install.Services.GetRequiredService<GoferDatabase>());

    private Task<long> WrappedAsync() => _install.ScalarAsync<long>("select count(*) from gofer.secrets where key_name = 'new'", Ct);

    private static string Key(int i) => string.Create(CultureInfo.InvariantCulture, $"key-{i}");

    private static string Value(int i) => string.Create(CultureInfo.InvariantCulture, $"value {i}");

    private static async Task ReadSomeAsync(PostgresSecretStore store, IReadOnlyList<SecretScope> scopes, int step)
    {
        for (var i = step; i < Count; i += 97) Assert.Equal(Value(i), (await store.ReadAsync(scopes[i % scopes.Count], Key(i), Ct))!.Value.Reveal());
    }

    /// <summary>Ten thousand secrets of all three kinds, sealed with the old key and written at once.</summary>
    private async Task<IReadOnlyList<SecretScope>> FillAsync()
    {
        var (home, pipeline) = await _install.RegisterAsync("""{"id":"p","tasks":[{"id":"t","image":"i"}]}""", Ct);
        SecretScope[] scopes = [new SecretScope.OfPipeline(home, pipeline), new SecretScope.OfNamespace(home), new SecretScope.Global()];
        var install = _install.Services.GetRequiredService<GoferDatabase>().Install;
        await using var connection = await _install.Source.OpenConnectionAsync(Ct);
        await using var copy = await connection.BeginBinaryImportAsync(
            "copy gofer.secrets (owner, key, kind, version, created_at, updated_at, namespaces, key_name, wrapped_key, value) from stdin (format binary)", Ct);
        var now = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < Count; i++)
        {
            var scope = scopes[i % scopes.Length];
            var value = Envelope.Seal(TestKeys.Ring, SealedPlace.OfSecret(install, scope, Key(i), 1), Encoding.UTF8.GetBytes(Value(i)));
            await copy.StartRowAsync(Ct);
            await copy.WriteAsync(scope.Owner, NpgsqlDbType.Uuid, Ct);
            await copy.WriteAsync(Key(i), NpgsqlDbType.Text, Ct);
            await copy.WriteAsync(scope.Kind, NpgsqlDbType.Text, Ct);
            await copy.WriteAsync(1, NpgsqlDbType.Integer, Ct);
            await copy.WriteAsync(now, NpgsqlDbType.TimestampTz, Ct);
            await copy.WriteAsync(now, NpgsqlDbType.TimestampTz, Ct);
            await copy.WriteAsync(Array.Empty<string>(), NpgsqlDbType.Array | NpgsqlDbType.Text, Ct);
            await copy.WriteAsync(value.KeyName, NpgsqlDbType.Text, Ct);
            await copy.WriteAsync(value.WrappedKey, NpgsqlDbType.Bytea, Ct);
            await copy.WriteAsync(value.Value, NpgsqlDbType.Bytea, Ct);
        }

        await copy.CompleteAsync(Ct);
        return scopes;
    }
}
