using Gofer.Infrastructure.Secrets;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;
using Gofer.Tests.Support.Postgres;

namespace Gofer.Tests.Integration.Startup;

/// <summary>Which keys a server starts with.</summary>
public sealed class SecretKeyTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("gofer-keys-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Theory]
    [InlineData("api")]
    [InlineData("worker")]
    public async Task Without_a_key_or_with_one_that_anybody_could_guess_nothing_starts(string process)
    {
        foreach (var (keys, complaint) in new[]
        {
            ("", "No key is named that secrets are sealed with. Make one with 'gofer secret new-key'"),
            ("k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "GOFER_SECRETS__KEYS has the key 'k', which is not random: anybody could guess it. 'gofer secret new-key' makes one."),
            ("k:c2VjcmV0", "GOFER_SECRETS__KEYS has the key 'k', which is not 32 bytes in base64. 'gofer secret new-key' makes one."),
        })
        {
            var (exit, _, error) = await GoferProcess.RunAsync([process, "--postgres", "Host=127.0.0.1;Port=1;Database=none"], [("GOFER_SECRETS__KEYS", keys), ("GOFER_SCHEDULER", "process"), ("GOFER_DATA", _data)]);
            Assert.Equal(1, exit);
            Assert.Contains(complaint, error, StringComparison.Ordinal);
            Assert.DoesNotContain("c2VjcmV0", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Another_key_under_a_name_that_the_install_knows_ends_the_start()
    {
        await using var database = await MigratedDatabase.CreateAsync(TestContext.Current.CancellationToken);
        string[] api = ["api", "--listen", "127.0.0.1:0", "--postgres", database.ConnectionString];
        await using (var first = GoferProcess.Start(api)) await first.SaysAsync("Gofer answers at");
        await using var second = GoferProcess.Start(api, [("GOFER_SECRETS__KEYS", KeyRing.Generate("test"))]);
        Assert.Equal(1, await second.ExitAsync());
        Assert.Contains("The key 'test' of secrets.keys is not the one that this install knows by that name", second.Error, StringComparison.Ordinal);
        await using var third = GoferProcess.Start(api, [("GOFER_SECRETS__KEYS", $"{KeyRing.Generate("next")},{TestKeys.Text}")]);
        await third.SaysAsync("Gofer answers at");
    }

    [Fact]
    public async Task Dev_makes_a_key_for_its_user_alone_and_keeps_it()
    {
        await using var database = await MigratedDatabase.CreateAsync(TestContext.Current.CancellationToken);
        string[] dev = ["dev", "--listen", "127.0.0.1:0", "--scheduler", "process", "--data", _data, "--postgres", database.ConnectionString];
        var file = Path.Combine(_data, "secret.key");
        await using (var first = GoferProcess.Start(dev)) Assert.Contains($"GOFER_SECRETS__KEYS_FILE='{file}' gofer worker", await first.SaysAsync("Another worker joins with"), StringComparison.Ordinal);
        var key = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        await using (var second = GoferProcess.Start(dev)) await second.SaysAsync("Gofer answers at");
        Assert.Equal(key, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));

        await File.WriteAllTextAsync(file, "not a key", TestContext.Current.CancellationToken);
        await using var third = GoferProcess.Start(dev);
        Assert.Equal(1, await third.ExitAsync());
        Assert.Contains($"{file} has a key without a name", third.Error, StringComparison.Ordinal);
        Assert.Equal("not a key", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
    }
}
