using System.Text.Json;
using Gofer.Tests.Integration.Serving;
using Npgsql;

namespace Gofer.Tests.Integration.Cli;

/// <summary>The audit log at the command line.</summary>
public sealed class AuditCliTests : IAsyncLifetime
{
    private readonly GoferServer _server = new() { Works = false };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Who_changed_what_is_listed_by_type_and_namespace()
    {
        await DoAsync("namespace", "create", "team-a");
        await DoAsync("namespace", "create", "team-b");
        await DoAsync("role", "set", "starter", "--allow", "runs:operate:*");
        await SealedAsync(3);
        var all = await DoAsync("audit", "list");
        Assert.Matches(@"(?s)^SEQ +TIME +TYPE +OUTCOME +ACTOR +ABOUT\n3 .*role\.created +done +anybody +starter\n2 .*namespace\.created .*team-b\n1 .*team-a\n$", all);
        Assert.Equal("2\n", await DoAsync("audit", "list", "--about", "team-b", "-o", "name"));
        Assert.Equal("3\n", await DoAsync("audit", "list", "--type", "role.", "-o", "name"));
        using var json = JsonDocument.Parse(await DoAsync("audit", "list", "--limit", "1", "-o", "json"));
        Assert.Equal("starter", json.RootElement[0].GetProperty("subject").GetString());
    }

    [Fact]
    public async Task What_comes_is_printed_line_by_line_until_Ctrl_C()
    {
        await using var process = GoferProcess.Start(["audit", "list", "--follow", "-o", "jsonl"], [("GOFER_SERVER", _server.Url.ToString())]);
        // It follows from the moment at which it is there; until then changes are none of its.
        for (var i = 0; !process.Out.Contains('\n', StringComparison.Ordinal); i++)
        {
            await DoAsync("namespace", "create", $"team-{i}");
            Assert.InRange(i, 0, 30);
        }

        process.Signal("INT");
        Assert.Equal(0, await process.ExitAsync());
        Assert.All(process.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries), line =>
        {
            using var entry = JsonDocument.Parse(line);
            Assert.Equal("namespace.created", entry.RootElement.GetProperty("type").GetString());
        });
    }

    [Fact]
    public async Task The_chain_is_verified_and_whoever_changed_the_log_is_told_of_by_verify_and_by_doctor()
    {
        for (var i = 0; i < 4; i++) await DoAsync("namespace", "create", $"team-{i}");
        await SealedAsync(4);
        var good = await VerifyAsync();
        Assert.Equal(0, good.Exit);
        Assert.Matches("^4:[0-9a-f]{64}\n$", good.Out);
        Assert.Equal(0, (await VerifyAsync("--known", good.Out.Trim())).Exit);
        Assert.Equal(1, (await VerifyAsync("--known", $"4:{new string('0', 64)}")).Exit);
        Assert.Equal(2, (await VerifyAsync("--known", "4:0")).Exit);
        Assert.Equal(("ok", "4 entries, each as it was sealed."), await DoctorAsync());

        await using var source = NpgsqlDataSource.Create(_server.ConnectionString);
        await using var change = source.CreateCommand("set session_replication_role = replica; update gofer.audit set namespace = 'team-9' where namespace = 'team-2'; set session_replication_role = origin");
        await change.ExecuteNonQueryAsync(Ct);
        var bad = await VerifyAsync();
        Assert.Equal((1, ""), (bad.Exit, bad.Out));
        Assert.Contains("The entry at place 3 (namespace.created", bad.Error, StringComparison.Ordinal);
        Assert.Equal("problem", (await DoctorAsync()).State);
    }

    private async Task<string> DoAsync(params string[] arguments)
    {
        var (exit, said, error) = await GoferProcess.RunAsync(arguments, [("GOFER_SERVER", _server.Url.ToString())]);
        Assert.True(exit == 0, error);
        return said;
    }

    private Task<(int Exit, string Out, string Error)> VerifyAsync(params string[] arguments) =>
        GoferProcess.RunAsync(["audit", "verify", .. arguments], [("GOFER_POSTGRES", _server.ConnectionString)]);

    private async Task<(string? State, string? Message)> DoctorAsync()
    {
        var (_, said, _) = await GoferProcess.RunAsync(["doctor", "-o", "json"], [("GOFER_POSTGRES", _server.ConnectionString)]);
        using var json = JsonDocument.Parse(said);
        var audit = json.RootElement.EnumerateArray().Single(f => f.GetProperty("check").GetString() == "audit");
        return (audit.GetProperty("state").GetString(), audit.GetProperty("message").GetString());
    }

    /// <summary>Waits until so many entries are sealed.</summary>
    private async Task SealedAsync(int count)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(50, Ct))
        {
            var listed = (await DoAsync("audit", "list", "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            if (listed.Length >= count) return;
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{listed.Length} of {count} are sealed.");
        }
    }
}
