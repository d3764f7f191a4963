using System.Globalization;
using System.Net;
using System.Text;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>Output: every byte, in order, live and afterwards.</summary>
public sealed class LogTests(GoferServer server) : IAsyncLifetime
{
    private Area _area = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _area = await server.AreaAsync();

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Following_gives_every_line_from_the_first_byte_to_the_last_unterminated_one_and_marks_stderr()
    {
        var run = await _area.RunScriptAsync("p", "echo first; echo oops >&2; for i in $(seq 1 500); do echo line $i; done; printf 'no end'");
        var lines = await FollowAsync(run, null);
        Assert.Equal(["first", .. Enumerable.Range(1, 500).Select(i => $"line {i}"), "no end"], lines.Where(l => l.Stream == "stdout").Select(l => l.Text));
        Assert.Equal(["oops"], lines.Where(l => l.Stream == "stderr").Select(l => l.Text));
        Assert.False(lines.Last(l => l.Stream == "stdout").Eol);
        Assert.All(lines.Where(l => l.Text != "no end"), l => Assert.True(l.Eol));
    }

    [Fact]
    public async Task A_line_reaches_a_follower_while_the_task_still_runs()
    {
        var gate = Path.Combine(Path.GetTempPath(), $"gofer-gate-{_area.Name}");
        var run = await _area.RunScriptAsync("p", $"echo early; while [ ! -e {gate} ]; do sleep 0.05; done; echo late");
        try
        {
            var seen = new List<string?>();
            await foreach (var line in _area.Client.Streams.LogsAsync(_area.Name, "p", "latest", "t", cancellationToken: Ct))
            {
                seen.Add(line.Text);
                if (seen.Count == 1) await File.WriteAllTextAsync(gate, "", Ct);
            }

            Assert.Equal(["early", "late"], seen);
        }
        finally
        {
            File.Delete(gate);
        }

        Assert.Equal(RunState.Succeeded, (await _area.EndAsync(run)).State);
    }

    [Fact]
    public async Task Bytes_come_back_as_they_went_in_even_NUL_and_invalid_UTF8()
    {
        var bytes = Enumerable.Range(0, 100_000).Select(i => (byte)(i * 31 % 257)).ToArray();
        var file = Path.Combine(Path.GetTempPath(), $"gofer-bytes-{_area.Name}");
        await File.WriteAllBytesAsync(file, bytes, Ct);
        try
        {
            var run = await _area.EndAsync(await _area.RunScriptAsync("p", $"cat {file}"));
            Assert.Equal(bytes, await _area.LogAsync(run));
            var lines = await FollowAsync(run, "t");
            var joined = lines.SelectMany(l => l.Eol ? l.ToBytes().Append((byte)'\n') : l.ToBytes()).ToArray();
            Assert.Equal(bytes, joined);
            Assert.Contains(lines, l => l.Base64 is not null);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Followers leave out what an open transaction could still overtake; of a run that has ended nothing is left out.</summary>
    [Fact]
    public async Task An_open_transaction_of_somebody_else_hides_nothing_of_a_run_that_has_ended()
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(server.ConnectionString);
        await using var somebody = await source.OpenConnectionAsync(Ct);
        await using var transaction = await somebody.BeginTransactionAsync(Ct);
        await using (var command = new Npgsql.NpgsqlCommand("select pg_current_xact_id()", somebody)) await command.ExecuteScalarAsync(Ct);

        var run = await _area.EndAsync(await _area.RunScriptAsync("p", "echo one; printf two"));
        Assert.Equal(["one", "two"], (await FollowAsync(run, null)).Select(l => l.Text));
        Assert.Equal("t | one\nt | two", await _area.Http.GetStringAsync(new Uri($"{_area.Path}/pipelines/p/runs/1/logs", UriKind.Relative), Ct));
        Assert.Equal("t | two", await _area.Http.GetStringAsync(new Uri($"{_area.Path}/pipelines/p/runs/1/logs?tail=1", UriKind.Relative), Ct));
    }

    [Fact]
    public async Task Streams_are_told_apart_and_the_tail_counts_lines()
    {
        var run = await _area.EndAsync(await _area.RunScriptAsync("p", "for i in 1 2 3 4 5; do echo out $i; done; echo err >&2; printf last"));
        Assert.Equal("err\n", Encoding.UTF8.GetString(await _area.LogAsync(run, query: "?stream=stderr")));
        Assert.Equal("out 4\nout 5\nlast", Encoding.UTF8.GetString(await _area.LogAsync(run, query: "?stream=stdout&tail=3")));
        Assert.Equal("", Encoding.UTF8.GetString(await _area.LogAsync(run, query: "?tail=0")));
        Assert.Equal(7, (await FollowAsync(run, "t")).Count);
    }

    [Fact]
    public async Task The_runs_log_holds_every_tasks_lines_each_behind_its_task()
    {
        await _area.RegisterAsync(Of("p", Step("a", "echo one; printf two"), Step("b", "echo three", ("a", "success"))));
        await _area.EndAsync(await _area.RunAsync("p"));
        var text = await _area.Http.GetStringAsync(new Uri($"{_area.Path}/pipelines/p/runs/1/logs", UriKind.Relative), Ct);
        Assert.Equal("a | one\na | two\nb | three\n", text);
    }

    [Fact]
    public async Task A_follower_that_comes_back_goes_on_after_the_last_line_it_saw()
    {
        var run = await _area.EndAsync(await _area.RunScriptAsync("p", "seq 1 3000; printf end"));
        var (lines, ids) = await RawAsync(run, null);
        foreach (var cut in new[] { 0, 1, 999, 2999 })
        {
            var (rest, _) = await RawAsync(run, ids[cut]);
            Assert.Equal(lines.Skip(cut + 1), rest);
        }
    }

    [Theory]
    [InlineData("?tail=-1", "/tail")]
    [InlineData("?tail=100001", "/tail")]
    [InlineData("?stream=stdin", "/stream")]
    [InlineData("?attempt=0", "/attempt")]
    public async Task A_wrong_parameter_is_named(string query, string pointer)
    {
        await _area.EndAsync(await _area.RunScriptAsync("p", "true"));
        var refused = await _area.SendAsync(HttpMethod.Get, $"pipelines/p/runs/1/tasks/t/logs{query}");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Status);
        Assert.Equal([pointer], refused.Pointers);
    }

    /// <summary>A worker of its own process, so that its memory is its own.</summary>
    [Fact]
    public async Task Two_hundred_megabytes_of_one_task_pass_a_worker_whose_memory_stays_flat()
    {
        await using var cluster = await GoferCluster.StartAsync();
        var worker = await cluster.WorkerAsync();
        await cluster.Area.EndAsync(await cluster.Area.RunScriptAsync("warm", "seq 1 200000"));
        var before = worker.Memory();

        const int Count = 2_000_000;
        var run = await cluster.Area.EndAsync(await cluster.Area.RunScriptAsync(
            "big", $"awk 'BEGIN {{ p = sprintf(\"%091d\", 0); for (i = 1; i <= {Count}; i++) printf \"%08d %s\\n\", i, p }}'"));
        Assert.Equal(RunState.Succeeded, run.State);
        var after = worker.Memory();
        Assert.True(after.Peak - before.Now < 64 << 20, $"The worker grew from {before.Now >> 20} MiB to {after.Peak >> 20} MiB.");

        var (lines, bytes) = (0, 0L);
        await using var log = await cluster.Area.Client.Logs.GetTaskLogsAsync("default", "big", "latest", "t", cancellationToken: Ct);
        using var reader = new StreamReader(log, Encoding.ASCII, false, 1 << 16);
        while (await reader.ReadLineAsync(Ct) is { } line)
        {
            lines++;
            bytes += line.Length + 1;
            if (int.Parse(line.AsSpan(0, 8), CultureInfo.InvariantCulture) != lines) Assert.Fail($"Line {lines} is {line}");
        }

        Assert.Equal((Count, Count * 101L), (lines, bytes));
        TestContext.Current.TestOutputHelper?.WriteLine($"worker: {before.Now >> 20} MiB before, {after.Peak >> 20} MiB at most");
    }

    [Fact]
    public async Task Output_over_the_limit_is_cut_with_a_line_that_says_so_and_the_task_goes_on()
    {
        await using var cluster = await GoferCluster.StartAsync();
        await cluster.WorkerAsync("process", ("GOFER_WORKER__LOG_LIMIT", "10000"));
        var run = await cluster.Area.EndAsync(await cluster.Area.RunScriptAsync("p", "seq 1 100000; exit 4"));
        Assert.Equal(4, (await cluster.Area.TasksAsync(run))["t"].ExitCode);
        var log = Encoding.UTF8.GetString(await cluster.Area.LogAsync(run));
        Assert.StartsWith("1\n2\n3\n", log, StringComparison.Ordinal);
        Assert.EndsWith("\n[gofer] The log was cut here: it is over the limit of 10000 bytes.\n", log, StringComparison.Ordinal);
        Assert.InRange(log.Length, 10_000, 10_200);
    }

    private async Task<List<LogLine>> FollowAsync(RunView run, string? task)
    {
        var lines = new List<LogLine>();
        var number = run.Number.ToString(CultureInfo.InvariantCulture);
        await foreach (var line in _area.Client.Streams.LogsAsync(_area.Name, run.Pipeline, number, task, cancellationToken: Ct)) lines.Add(line);
        return lines;
    }

    private async Task<(List<string> Lines, List<string> Ids)> RawAsync(RunView run, string? lastEventId)
    {
        var answer = await _area.SendAsync(
            HttpMethod.Get, $"pipelines/{run.Pipeline}/runs/{run.Number}/tasks/t/logs?follow=true", null, lastEventId is null ? [] : [("Last-Event-ID", lastEventId)]);
        Assert.Equal("text/event-stream", answer.MediaType);
        var blocks = answer.Body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(b => b.Contains("event: log", StringComparison.Ordinal)).ToList();
        return ([.. blocks.Select(b => Field(b, "data: "))], [.. blocks.Select(b => Field(b, "id: "))]);
        static string Field(string block, string name) => block.Split('\n').Single(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..];
    }
}
