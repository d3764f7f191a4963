using System.Text.Json;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Tests.Integration.Startup;

/// <summary>What callers send into the log of a real process: text, on the line of its entry, under the trace that the caller was told.</summary>
public sealed class ServerLogTests
{
    private const string Path = "/api/v1/namespaces/a%0A%7B%22Forged%22:1%7D%0D%1B%5B2J%1B%5D0;title%07%C2%9Bb/pipelines";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task For_machines_an_entry_is_a_line_of_JSON_with_the_trace_id_of_the_answer()
    {
        await using var database = await BrokenAsync();
        await using var api = GoferProcess.Start(["api", "--listen", "127.0.0.1:0", "--postgres", database.ConnectionString]);
        var trace = await FailAsync((await api.SaysAsync("Gofer answers at")).Split(' ')[^1]);
        await api.SaysAsync($"\"TraceId\":\"{trace}\"");
        var lines = api.Error.TrimEnd('\n').Split('\n').Where(l => !l.StartsWith("Gofer answers at", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(lines);
        Assert.All(lines, line =>
        {
            Assert.DoesNotContain(line, char.IsControl);
            using var json = JsonDocument.Parse(line);
            Assert.False(json.RootElement.TryGetProperty("Forged", out _));
        });
        using var entry = JsonDocument.Parse(lines.Single(l => l.Contains(trace, StringComparison.Ordinal)));
        Assert.Contains("failed", entry.RootElement.GetProperty("Message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task For_people_an_entry_is_a_line_that_the_terminal_does_not_obey()
    {
        await using var database = await BrokenAsync();
        await using var api = GoferProcess.StartOnTerminal(["api", "--listen", "127.0.0.1:0"], [("GOFER_POSTGRES", database.ConnectionString)]);
        var trace = await FailAsync((await api.PrintsAsync("Gofer answers at")).Split(' ')[^1].TrimEnd());
        var line = await api.PrintsAsync($"trace_id={trace}");
        Assert.Contains("fail: ", line, StringComparison.Ordinal);
        Assert.Contains("Forged", line, StringComparison.Ordinal);
        Assert.Contains("42P01", line, StringComparison.Ordinal); // the exception is in it, with the stack
        Assert.DoesNotContain(line.TrimEnd('\r'), char.IsControl);
    }

    /// <summary>A database that fails a route, which is the server's fault and logged.</summary>
    private static async Task<TestDatabase> BrokenAsync()
    {
        var database = await MigratedDatabase.CreateAsync(Ct);
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand("alter table gofer.namespaces rename to elsewhere", connection);
        await command.ExecuteNonQueryAsync(Ct);
        return database;
    }

    /// <summary>The trace id of a request that fails, with much in it that is not for a log.</summary>
    private static async Task<string> FailAsync(string url)
    {
        using var http = new HttpClient { BaseAddress = new Uri(url) };
        using var request = new HttpRequestMessage(HttpMethod.Get, Path);
        request.Headers.TryAddWithoutValidation("User-Agent", "evil\e[2J");
        request.Headers.TryAddWithoutValidation("X-Forged", "a\e]0;title\a");
        request.Headers.TryAddWithoutValidation("traceparent", "00-\e[2J-b-01");
        using var response = await http.SendAsync(request, Ct);
        Assert.Equal(500, (int)response.StatusCode);
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct));
        return problem.RootElement.GetProperty("trace_id").GetString()!;
    }
}
