using System.Globalization;
using Gofer.Client;
using Gofer.Tests.Support.Docker;
using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Tests.Integration.Serving;

/// <summary>An install of real processes: one <c>gofer api</c> and as many <c>gofer worker</c> as a test starts, over a database of its own.</summary>
public sealed class GoferCluster : IAsyncDisposable
{
    private readonly IAsyncDisposable? _database;
    private readonly string _data = Directory.CreateTempSubdirectory("gofer-cluster-").FullName;
    private readonly List<GoferProcess> _processes = [];
    private NpgsqlDataSource? _source;

    private GoferCluster(string connectionString, IAsyncDisposable? database) => (ConnectionString, _database) = (connectionString, database);

    /// <summary>The API's process.</summary>
    public GoferProcess Api => _processes[0];

    /// <summary>The default namespace.</summary>
    public Area Area { get; private set; } = null!;

    /// <summary>The folder that the process scheduler of all workers uses.</summary>
    public string Data => _data;

    /// <summary>The database.</summary>
    public string ConnectionString { get; }

    /// <summary>Starts the API over a database of its own; workers are started one by one.</summary>
    public static Task<GoferCluster> StartAsync(params (string Key, string Value)[] settings) => StartAtAsync("127.0.0.1", settings);

    /// <summary>The same, listening at that address.</summary>
    public static async Task<GoferCluster> StartAtAsync(string address, params (string Key, string Value)[] settings)
    {
        var database = await MigratedDatabase.CreateAsync(TestContext.Current.CancellationToken);
        return await StartAsync(database.ConnectionString, database, settings, address);
    }

    /// <summary>Starts the API over a database that is there, empty or migrated.</summary>
    public static async Task<GoferCluster> StartAsync(string connectionString)
    {
        var migrated = await GoferProcess.RunAsync(["migrate", "--postgres", connectionString]);
        Assert.True(migrated.Exit == 0, migrated.Error);
        return await StartAsync(connectionString, null, []);
    }

    private static async Task<GoferCluster> StartAsync(string connectionString, IAsyncDisposable? database, (string Key, string Value)[] settings, string address = "127.0.0.1")
    {
        var cluster = new GoferCluster(connectionString, database);
        var api = cluster.Add(GoferProcess.Start(["api", "--listen", $"{address}:0", "--postgres", cluster.ConnectionString], settings));
        var url = new Uri((await api.SaysAsync("Gofer answers at")).Split(' ')[^1]);
        var http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };
        cluster.Area = new Area("default", http, new GoferClient(http));
        return cluster;
    }

    /// <summary>Starts a worker and returns once it is registered. Its lease is short, so a test need not wait long for its end.</summary>
    public async Task<GoferProcess> WorkerAsync(string scheduler = "process", params (string Key, string Value)[] settings)
    {
        if (scheduler == "docker") await DockerEngine.EnsureAsync(TestContext.Current.CancellationToken);
        var worker = Add(GoferProcess.Start(
            ["worker", "--scheduler", scheduler, "--postgres", ConnectionString, "--data", _data],
            [("GOFER_WORKER__LEASE", "3s"), .. settings]));
        await worker.SaysAsync("registered");
        return worker;
    }

    /// <summary>Waits until no task of the run waits to start any more: all are running, or ended.</summary>
    public async Task<IReadOnlyList<TaskView>> RunningAsync(RunView run, int count)
    {
        for (var patience = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(50, TestContext.Current.CancellationToken))
        {
            var tasks = (await Area.Client.Tasks.ListTasksAsync("default", run.Pipeline, run.Number.ToString(CultureInfo.InvariantCulture), limit: 500, cancellationToken: TestContext.Current.CancellationToken)).Items;
            if (tasks.Count(t => t.State == TaskState.Running) == count) return tasks;
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), $"Only these run: {string.Join(", ", tasks.Select(t => $"{t.Id}:{t.State}"))}");
        }
    }

    /// <summary>The single value of a query.</summary>
    public async Task<T> ScalarAsync<T>(string sql)
    {
        _source ??= NpgsqlDataSource.Create(ConnectionString);
        await using var command = _source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    /// <summary>The first column of a query's rows.</summary>
    public async Task<List<T>> ListAsync<T>(string sql)
    {
        _source ??= NpgsqlDataSource.Create(ConnectionString);
        await using var command = _source.CreateCommand(sql);
        await using var rows = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var list = new List<T>();
        while (await rows.ReadAsync(TestContext.Current.CancellationToken)) list.Add(rows.GetFieldValue<T>(0));
        return list;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Area?.Dispose();
        foreach (var process in _processes) await process.DisposeAsync();
        if (_source is not null) await _source.DisposeAsync();
        if (_database is not null) await _database.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    private GoferProcess Add(GoferProcess process)
    {
        _processes.Add(process);
        return process;
    }
}
