using System.Text.Json;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Cli;

/// <summary>Settings as real processes take them: <c>gofer config</c>, contexts, secrets in files, and what stops a start.</summary>
public sealed class ConfigTests(GoferServer server) : IDisposable
{
    private readonly string _room = Directory.CreateTempSubdirectory("gofer-config-").FullName;

    public void Dispose() => Directory.Delete(_room, recursive: true);

    [Fact]
    public async Task Config_shows_every_setting_with_value_source_default_and_unit_and_masks_secrets()
    {
        await File.WriteAllTextAsync(Path.Combine(_room, "gofer.toml"), "[worker]\nlease = \"30s\"\n", TestContext.Current.CancellationToken);
        var secret = Path.Combine(_room, "secret");
        await File.WriteAllTextAsync(secret, "postgres://gofer:hidden-one@db/gofer\n", TestContext.Current.CancellationToken);
        (string, string)[] environment = [("GOFER_POSTGRES_FILE", secret), ("GOFER_TOKEN", "hidden-two"), ("HOME", _room)];

        var table = await GoferProcess.RunAsync(["config", "-n", "team"], environment, _room);
        Assert.True(table.Exit == 0, table.Error);
        Assert.DoesNotContain("hidden", table.Out, StringComparison.Ordinal);
        Assert.Equal(["worker.lease", "30s", $"{_room}/gofer.toml:2", "15s", "duration"], Row(table.Out, "worker.lease"));
        Assert.Equal(["worker.capacity", "100", "100", "tasks"], Row(table.Out, "worker.capacity"));
        Assert.Equal(["namespace", "team", "--namespace", "default", "name"], Row(table.Out, "namespace"));
        Assert.Equal(["postgres", "postgres://gofer@db:5432/gofer", $"GOFER_POSTGRES_FILE ({secret})", "URL"], Row(table.Out, "postgres"));
        Assert.Equal(["token", "********", "GOFER_TOKEN", "secret"], Row(table.Out, "token"));

        using var json = JsonDocument.Parse((await GoferProcess.RunAsync(["config", "GOFER_WORKER__LEASE", "-o", "json"], environment, _room)).Out);
        Assert.Equal(
            ("worker.lease", "30s", "file", "15s", false),
            (json.RootElement.GetProperty("key").GetString(), json.RootElement.GetProperty("value").GetString(), json.RootElement.GetProperty("source_kind").GetString(),
                json.RootElement.GetProperty("default").GetString(), json.RootElement.GetProperty("secret").GetBoolean()));
        var names = (await GoferProcess.RunAsync(["config", "-o", "name"], environment, _room)).Out;
        Assert.Equal(names.Split('\n').Length, (await GoferProcess.RunAsync(["config", "-o", "jsonl"], environment, _room)).Out.Split('\n').Length);
        Assert.Contains("worker.stop_grace\n", names, StringComparison.Ordinal);
        var one = await GoferProcess.RunAsync(["config", "worker.lease"], environment, _room);
        Assert.Contains("a duration such as 90s or 1h30m, from 1s to 1h", one.Out, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'worker.lease'?", (await GoferProcess.RunAsync(["config", "worker.laese"], environment, _room)).Error, StringComparison.Ordinal);

        static string[] Row(string table, string key) =>
            [.. table.Split('\n').Single(l => l.StartsWith(key + " ", StringComparison.Ordinal)).Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
    }

    [Fact]
    public async Task A_key_that_is_no_setting_stops_the_start_and_config_says_so_beside_what_there_is()
    {
        var file = Path.Combine(_room, "gofer.toml");
        await File.WriteAllTextAsync(file, "[worker]\nlaese = \"30s\"\n", TestContext.Current.CancellationToken);
        const string Said = "There is no setting 'worker.laese'. Did you mean 'worker.lease'?";
        foreach (var command in new[] { "worker", "api", "dev" })
        {
            var started = await GoferProcess.RunAsync([command], [("HOME", _room)], _room);
            Assert.Equal((1, $"gofer: {file}:2: {Said}\n"), (started.Exit, started.Error));
        }

        var shown = await GoferProcess.RunAsync(["config"], [("HOME", _room)], _room);
        Assert.Equal(1, shown.Exit);
        Assert.Contains(Said, shown.Error, StringComparison.Ordinal);
        Assert.Contains("worker.lease", shown.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_database_is_read_from_the_file_that_a_variable_names()
    {
        var secret = Path.Combine(_room, "postgres");
        await File.WriteAllTextAsync(secret, server.ConnectionString + "\n", TestContext.Current.CancellationToken);
        var migrated = await GoferProcess.RunAsync(["migrate"], [("GOFER_POSTGRES_FILE", secret)], _room);
        Assert.True(migrated.Exit == 0, migrated.Error);
        Assert.Contains("up to date", migrated.Error, StringComparison.Ordinal);
        var gone = await GoferProcess.RunAsync(["migrate"], [("GOFER_POSTGRES_FILE", secret + ".gone")], _room);
        Assert.Equal((1, $"gofer: GOFER_POSTGRES_FILE names {secret}.gone, and there is no such file.\n"), (gone.Exit, gone.Error));
    }

    [Fact]
    public async Task A_context_leads_to_its_server_and_namespace()
    {
        using var area = await server.AreaAsync();
        await area.RegisterAsync(Documents.Script("p", "true"));
        (string, string)[] environment = [("HOME", _room), ("XDG_CONFIG_HOME", Path.Combine(_room, "config"))];
        var set = await GoferProcess.RunAsync(["context", "set", "here", "--server", server.Url.ToString(), "-n", area.Name, "--token-stdin"], environment, _room, "s3cret\n");
        Assert.True(set.Exit == 0, set.Error);
        Assert.Contains("token = \"s3cret\"", await File.ReadAllTextAsync(Path.Combine(_room, "config/gofer/config.toml"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("p\n", (await GoferProcess.RunAsync(["pipeline", "list", "-o", "name"], environment, _room)).Out);
        Assert.Equal(0, (await GoferProcess.RunAsync(["context", "set", "there", "--server", "http://127.0.0.1:1"], environment, _room)).Exit);
        Assert.Equal(3, (await GoferProcess.RunAsync(["pipeline", "list", "--context", "there"], environment, _room)).Exit);
        Assert.Equal(3, (await GoferProcess.RunAsync(["pipeline", "list"], [.. environment, ("GOFER_CONTEXT", "there")], _room)).Exit);
        Assert.DoesNotContain("s3cret", (await GoferProcess.RunAsync(["context", "list", "-o", "json"], environment, _room)).Out, StringComparison.Ordinal);
    }
}
