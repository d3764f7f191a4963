using System.Diagnostics;
using System.Globalization;
using Gofer.Client;
using Gofer.Infrastructure.Postgres.Embedded;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Docker;
using Npgsql;

namespace Gofer.Tests.Integration.Crash;

/// <summary>Real processes that die at random moments while twenty tasks run. Nothing is restarted, nothing is lost, nothing comes twice.</summary>
public sealed class CrashTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("process")]
    [InlineData("docker")]
    public async Task A_second_worker_adopts_what_a_killed_one_left(string scheduler)
    {
        await using var cluster = await GoferCluster.StartAsync();
        var first = await cluster.WorkerAsync(scheduler);
        var run = await TwentyTasks.StartAsync(cluster.Area);
        await TwentyTasks.SomeTimeAsync();
        await first.KillAsync();
        await cluster.WorkerAsync(scheduler);
        await TwentyTasks.JudgeAsync(cluster.Area, run);
        await NothingLeftAsync(cluster);
    }

    /// <summary>The first worker does not know that it was given up: what it still writes under its old fences is refused.</summary>
    [Theory]
    [InlineData("process")]
    [InlineData("docker")]
    public async Task A_worker_that_wakes_up_after_its_lease_ran_out_spoils_nothing(string scheduler)
    {
        await using var cluster = await GoferCluster.StartAsync();
        var first = await cluster.WorkerAsync(scheduler);
        var run = await TwentyTasks.StartAsync(cluster.Area);
        first.Signal("STOP");
        // Where starting is slow the first of them have ended by now, and nobody adopts those.
        var left = (await cluster.Area.TasksAsync(run)).Values.Count(t => t.State == TaskState.Running);
        Assert.InRange(left, 1, TwentyTasks.Count);
        await cluster.WorkerAsync(scheduler);
        await AdoptedAsync(cluster.Area, run, left);
        first.Signal("CONT");
        await TwentyTasks.JudgeAsync(cluster.Area, run);
        await NothingLeftAsync(cluster);
    }

    [Theory]
    [InlineData("process")]
    [InlineData("docker")]
    public async Task A_worker_that_is_asked_to_stop_hands_its_tasks_over_at_once(string scheduler)
    {
        await using var cluster = await GoferCluster.StartAsync();
        var first = await cluster.WorkerAsync(scheduler, ("GOFER_WORKER__LEASE", "10m"));
        var run = await TwentyTasks.StartAsync(cluster.Area);
        await cluster.WorkerAsync(scheduler, ("GOFER_WORKER__LEASE", "10m"));
        first.Signal("TERM");
        Assert.Equal(0, await first.ExitAsync());
        await TwentyTasks.JudgeAsync(cluster.Area, run); // long before a lease of ten minutes would have run out
        await NothingLeftAsync(cluster);
    }

    [Fact]
    public async Task Postgres_that_stops_at_once_and_starts_again_loses_nothing()
    {
        var root = Directory.CreateTempSubdirectory("gofer-crash-").FullName;
        try
        {
            using var folder = DataFolder.Open(root).Value;
            var started = await EmbeddedPostgres.StartAsync(folder, new Progress<string>(), Ct);
            await using var postgres = started.IsOk ? started.Value : throw new InvalidOperationException(started.Error.Message);
            await using var cluster = await GoferCluster.StartAsync(postgres.ConnectionString);
            var worker = await cluster.WorkerAsync();
            var run = await TwentyTasks.StartAsync(cluster.Area);
            for (var times = 0; times < 3; times++)
            {
                await TwentyTasks.SomeTimeAsync();
                var server = postgres.ProcessId;
                await StopImmediatelyAsync(server);
                while (postgres.ProcessId == server) await Task.Delay(20, Ct); // it is started again, on the same port
            }

            await TwentyTasks.JudgeAsync(cluster.Area, run);
            await NothingLeftAsync(cluster);
            worker.Signal("TERM");
            Assert.Equal(0, await worker.ExitAsync()); // and it is the worker from before, whom nothing made fall
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>Notifications are lost with the connection that listens; they are hints, and what they hint at is found without them.</summary>
    [Fact]
    public async Task Connections_that_are_cut_again_and_again_lose_nothing()
    {
        await using var cluster = await GoferCluster.StartAsync();
        var worker = await cluster.WorkerAsync();
        var run = await TwentyTasks.StartAsync(cluster.Area);
        await using var knife = NpgsqlDataSource.Create(cluster.ConnectionString + ";Pooling=false");
        for (var times = 0; times < 25; times++)
        {
            await using var cut = knife.CreateCommand("select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
            await cut.ExecuteScalarAsync(Ct);
            await Task.Delay(Random.Shared.Next(50, 300), Ct);
        }

        await TwentyTasks.JudgeAsync(cluster.Area, run);
        await NothingLeftAsync(cluster);
        worker.Signal("TERM");
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Theory]
    [InlineData("process")]
    [InlineData("docker")]
    public async Task A_whole_dev_that_was_killed_goes_on_over_the_same_data(string scheduler)
    {
        if (scheduler == "docker") await DockerEngine.EnsureAsync(Ct);
        var data = Directory.CreateTempSubdirectory("gofer-dev-").FullName;
        try
        {
            string[] dev = ["dev", "--data", data, "--scheduler", scheduler, "--listen", "127.0.0.1:0"];
            (string, string)[] quick = [("GOFER_WORKER__LEASE", "3s")];
            RunView run;
            await using (var first = GoferProcess.Start(dev, quick))
            {
                using var area = await AreaAsync(first);
                run = await TwentyTasks.StartAsync(area);
                await TwentyTasks.SomeTimeAsync();
                await first.KillAsync();
            }

            await using var second = GoferProcess.Start(dev, quick);
            using var again = await AreaAsync(second);
            await TwentyTasks.JudgeAsync(again, run);
            second.Signal("TERM");
            Assert.Equal(0, await second.ExitAsync());
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task<Area> AreaAsync(GoferProcess dev)
    {
        var said = await dev.SaysAsync("Gofer answers at");
        var http = new HttpClient { BaseAddress = new Uri(said.Split(' ')[3]), Timeout = TimeSpan.FromMinutes(2) };
        return new Area("default", http, new GoferClient(http));
    }

    private static async Task AdoptedAsync(Area area, RunView run, int count)
    {
        var adopted = 0;
        await foreach (var e in area.Client.Streams.EventsAsync("default", run.Pipeline, run.Number.ToString(CultureInfo.InvariantCulture), Ct))
        {
            if (e.Type == "task.adopted" && ++adopted == count) return;
        }

        Assert.Fail($"Only {adopted} of {count} tasks were adopted.");
    }

    private static async Task StopImmediatelyAsync(int server)
    {
        using var kill = Process.Start("kill", ["-QUIT", server.ToString(CultureInfo.InvariantCulture)]); // as pg_ctl -m immediate
        await kill.WaitForExitAsync(Ct);
        Assert.Equal(0, kill.ExitCode);
    }

    private static async Task NothingLeftAsync(GoferCluster cluster)
    {
        Assert.Equal(0L, await cluster.ScalarAsync<long>("select count(*) from gofer.ready_tasks"));
        Assert.Equal(0L, await cluster.ScalarAsync<long>("select count(*) from gofer.active_runs"));
    }
}
