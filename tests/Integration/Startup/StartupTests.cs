using System.Net;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Tests.Integration.Startup;

/// <summary>Real processes that are started before their database: what passes is waited for, what somebody has to mend is said and ends them.</summary>
public sealed class StartupTests : IDisposable
{
    private const string Waits = "does not answer; waiting for it";
    private const string Back = "is there now";

    private readonly string _data = Directory.CreateTempSubdirectory("gofer-startup-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task A_worker_that_was_started_before_its_database_waits_and_then_runs_a_task()
    {
        await using var postgres = await OwnPostgres.StoppedAsync();
        await using var worker = Worker(postgres.ConnectionString, ("GOFER_WORKER__LISTEN", "127.0.0.1:0"));
        var waits = await worker.SaysAsync(Waits);
        Assert.Contains("\"LogLevel\":\"Warning\"", waits, StringComparison.Ordinal);
        Assert.Contains("Connection refused", waits, StringComparison.Ordinal);
        Assert.DoesNotContain(new NpgsqlConnectionStringBuilder(postgres.ConnectionString).Password!, worker.Error, StringComparison.Ordinal);
        using var probes = await Probes.OfAsync(worker);
        Assert.Equal(HttpStatusCode.OK, await probes.StatusAsync("/healthz"));
        var away = await probes.ReadyAsync();
        Assert.False(away.Ready);
        Assert.Contains("Connection refused", away.Checks["database"], StringComparison.Ordinal);
        Assert.Equal("has not worked yet", away.Checks["EngineLoop"]);

        await postgres.ComeAsync();
        await worker.SaysAsync(Back);
        await worker.SaysAsync("registered");
        await probes.UntilReadyAsync();
        await using var cluster = await GoferCluster.StartAsync(postgres.ConnectionString);
        Assert.Equal(RunState.Succeeded, (await cluster.Area.EndAsync(await cluster.Area.RunScriptAsync("p", "true"))).State);
        Assert.Equal((1, 1), (worker.Count(Waits), worker.Count(Back)));
        worker.Signal("TERM");
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Fact]
    public async Task An_api_that_was_started_before_its_database_says_so_on_every_route_and_serves_when_it_comes()
    {
        await using var postgres = await OwnPostgres.StoppedAsync();
        await using var api = GoferProcess.Start(["api", "--listen", "127.0.0.1:0", "--postgres", postgres.ConnectionString]);
        using var http = new HttpClient { BaseAddress = new Uri((await api.SaysAsync("Gofer answers at")).Split(' ')[^1]) };
        using var area = new Area("default", http, new GoferClient(http));
        using var probes = new Probes(http.BaseAddress);
        Assert.Equal(HttpStatusCode.OK, await probes.StatusAsync("/healthz"));
        Assert.Contains("Connection refused", (await probes.ReadyAsync()).Checks["database"], StringComparison.Ordinal);
        foreach (var path in new[] { "/api/v1/system", "/api/v1/namespaces", "/api/v1/namespaces/default/pipelines/p/runs/1" })
        {
            var refused = await area.SendAsync(HttpMethod.Get, path);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "database_unavailable", "application/problem+json"), (refused.Status, refused.Code, refused.MediaType));
            Assert.Contains("Connection refused", refused.Json.GetProperty("title").GetString(), StringComparison.Ordinal);
        }

        await postgres.ComeAsync();
        await api.SaysAsync(Back);
        Assert.True((await probes.ReadyAsync()).Ready);
        Assert.Equal(HttpStatusCode.OK, (await area.SendAsync(HttpMethod.Get, "/api/v1/namespaces")).Status);
        Assert.Equal((1, 1), (api.Count(Waits), api.Count(Back)));
    }

    [Fact]
    public async Task A_database_that_comes_with_a_schema_behind_ends_the_process_with_the_command_that_helps()
    {
        await using var postgres = await OwnPostgres.StoppedAsync(migrated: false);
        await using var worker = Worker(postgres.ConnectionString);
        await worker.SaysAsync(Waits);
        await postgres.ComeAsync();
        Assert.Equal(1, await worker.ExitAsync());
        Assert.Contains("gofer migrate", worker.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("password", "28P01")]
    [InlineData("database", "3D000")]
    [InlineData("no password", "No password")]
    public async Task What_somebody_has_to_mend_ends_the_start_and_is_named(string wrong, string said)
    {
        await using var database = await MigratedDatabase.CreateAsync(TestContext.Current.CancellationToken);
        var place = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        switch (wrong)
        {
            case "password": place.Password = "not-the-password"; break;
            case "database": place.Database = "not_there"; break;
            default: place.Password = null; break;
        }

        foreach (var process in new[] { Worker(place.ConnectionString), GoferProcess.Start(["api", "--listen", "127.0.0.1:0", "--postgres", place.ConnectionString]) })
        {
            await using var started = process;
            Assert.Equal(1, await started.ExitAsync());
            Assert.Contains(said, started.Error, StringComparison.Ordinal);
            Assert.Contains("Waiting would not help", started.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", started.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("not-the-password", started.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_host_whose_name_is_not_known_is_waited_for_and_the_process_can_be_stopped_meanwhile()
    {
        await using var worker = Worker("Host=nowhere.invalid;Username=gofer;Database=gofer");
        Assert.Contains("postgres://gofer@nowhere.invalid:5432/gofer", await worker.SaysAsync(Waits), StringComparison.Ordinal);
        worker.Signal("TERM");
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Fact]
    public async Task Dev_and_migrate_wait_for_nothing()
    {
        await using var postgres = await OwnPostgres.StoppedAsync(migrated: false);
        string[][] commands =
        [
            ["migrate", "--postgres", postgres.ConnectionString],
            ["dev", "--postgres", postgres.ConnectionString, "--data", _data, "--scheduler", "process", "--listen", "127.0.0.1:0"],
        ];
        foreach (var command in commands)
        {
            var (exit, _, error) = await GoferProcess.RunAsync(command);
            Assert.Equal(1, exit);
            Assert.Contains("does not answer", error, StringComparison.Ordinal);
            Assert.DoesNotContain("waiting", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_workers_probes_are_all_that_it_serves_and_only_to_this_machine_unless_one_insists()
    {
        await using var database = await MigratedDatabase.CreateAsync(TestContext.Current.CancellationToken);
        await using (var worker = GoferProcess.Start(
            ["worker", "--scheduler", "process", "--data", _data, "--postgres", database.ConnectionString, "--listen", "127.0.0.1:0"]))
        {
            using var probes = await Probes.OfAsync(worker);
            await probes.UntilReadyAsync();
            Assert.Equal("ok", (await probes.ReadyAsync()).Checks["notifications"]);
            foreach (var path in new[] { "/", "/api/v1/system", "/openapi/v1.json", "/swagger/index.html" })
            {
                Assert.Equal(HttpStatusCode.NotFound, await probes.StatusAsync(path));
            }
        }

        var refused = Worker(database.ConnectionString, ("GOFER_WORKER__LISTEN", "0.0.0.0:0"));
        Assert.Equal(1, await refused.ExitAsync());
        Assert.Contains("--insecure-listen", refused.Error, StringComparison.Ordinal);
        await using var insists = Worker(database.ConnectionString, ("GOFER_WORKER__LISTEN", "0.0.0.0:0"), ("GOFER_WORKER__INSECURE_LISTEN", "true"));
        using var others = await Probes.OfAsync(insists);
        Assert.Equal(HttpStatusCode.OK, await others.StatusAsync("/healthz", host: "worker.example"));
    }

    private GoferProcess Worker(string connectionString, params (string Key, string Value)[] settings) => GoferProcess.Start(
        ["worker", "--scheduler", "process", "--data", _data, "--postgres", connectionString], [("GOFER_WORKER__LEASE", "3s"), .. settings]);
}
