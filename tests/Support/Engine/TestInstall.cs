using System.Text.Json;
using Gofer.Application.Common;
using Gofer.Application.Queue;
using Gofer.Application.Runs;
using Gofer.Application.Schedulers;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Secrets;
using Gofer.Tests.Support.Postgres;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Gofer.Tests.Support.Engine;

/// <summary>An install over a database of its own: the engine's services in a host, without API and worker unless a test adds them.</summary>
public sealed class TestInstall : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly List<IHost> _hosts = [];
    private readonly DatabaseReset _reset;

    private TestInstall(TestDatabase database, DatabaseReset reset) => (_database, _reset) = (database, reset);

    /// <summary>The database's connection string.</summary>
    public string ConnectionString => _database.ConnectionString;

    /// <summary>The services of the first host.</summary>
    public IServiceProvider Services => _hosts[0].Services;

    /// <summary>The worker's side of the engine.</summary>
    public IWorkQueue Queue => Services.GetRequiredService<IWorkQueue>();

    /// <summary>The callers' side of the engine.</summary>
    public IRunWriter Writer => Services.GetRequiredService<IRunWriter>();

    /// <summary>The database.</summary>
    public NpgsqlDataSource Source => Services.GetRequiredService<NpgsqlDataSource>();

    /// <summary>A back end that nothing is started on.</summary>
    public static Backend Backend { get; } = new("test", "test-backend", "here", "a back end of tests");

    /// <summary>A migrated database and a started host over it.</summary>
    public static async Task<TestInstall> StartAsync(CancellationToken cancellationToken)
    {
        var database = await MigratedDatabase.CreateAsync(cancellationToken);
        var install = new TestInstall(database, await DatabaseReset.PrepareAsync(database.ConnectionString, cancellationToken));
        await install.AddHostAsync(_ => { }, cancellationToken);
        return install;
    }

    /// <summary>Makes the install as new for the next test of a class.</summary>
    public Task ResetAsync(CancellationToken cancellationToken) => _reset.ToEmptyAsync(cancellationToken);

    /// <summary>One more process of the install, as far as a host in this process can be one.</summary>
    public Task<IHost> AddHostAsync(Action<IServiceCollection> configure, CancellationToken cancellationToken, params (string Key, string Value)[] settings) =>
        AddHostAsync(ConnectionString, configure, cancellationToken, settings);

    /// <summary>The same, over its own way to the database.</summary>
    public async Task<IHost> AddHostAsync(
        string connectionString, Action<IServiceCollection> configure, CancellationToken cancellationToken, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings.Select(s => new KeyValuePair<string, string?>(s.Key, s.Value)));
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole();
        builder.Services.AddGoferPostgres(connectionString).AddGoferSecrets(TestKeys.Ring);
        configure(builder.Services);
        var host = builder.Build();
        var opened = await host.Services.GetRequiredService<GoferDatabase>().OpenAsync(migrate: false, cancellationToken);
        if (opened.Error is { } error) throw new InvalidOperationException(error.Message);
        await host.StartAsync(cancellationToken);
        _hosts.Add(host);
        return host;
    }

    /// <summary>Makes a namespace with that share of the queue and that limit of tasks.</summary>
    public async Task AddNamespaceAsync(string name, int weight, int taskLimit, CancellationToken cancellationToken)
    {
        await using var command = Source.CreateCommand(
            """
            insert into gofer.namespaces (id, name, description, revision, created_at, modified_at, task_limit, weight)
            values (gen_random_uuid(), $1, '', 1, now(), now(), $2, $3)
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = taskLimit });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = weight });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Registers a pipeline in a namespace that exists, live at once; answers its id.</summary>
    public async Task<(NamespaceId Namespace, PipelineId Pipeline)> RegisterAsync(
        string json, CancellationToken cancellationToken, string @namespace = "default")
    {
        await using var scope = Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IGoferDb>();
        using var parsed = JsonDocument.Parse(json);
        var document = DocumentReader.Read(parsed.RootElement, DocumentLimits.Default).Value;
        var now = Services.GetRequiredService<TimeProvider>().GetUtcNow();
        var home = await db.Namespaces.SingleAsync(n => n.Name == @namespace, cancellationToken);
        var pipeline = new Pipeline(new PipelineId(Guid.CreateVersion7(now)), home.Id, document.Id, now);
        var head = new PipelineHead(pipeline.Id);
        var text = DocumentWriter.Write(document);
        var version = new PipelineVersion(pipeline.Id, head.NextVersion(), DocumentWriter.Hash(text), text, now);
        head.Deploy(version.Version, document);
        db.Pipelines.Add(pipeline);
        db.Heads.Add(head);
        db.Versions.Add(version);
        await db.SaveChangesAsync(cancellationToken);
        return (home.Id, pipeline.Id);
    }

    /// <summary>Creates one run and answers its row.</summary>
    public async Task<RunRow> CreateRunAsync((NamespaceId Namespace, PipelineId Pipeline) pipeline, CancellationToken cancellationToken) =>
        (await CreateRunsAsync(pipeline, 1, cancellationToken)).Single();

    /// <summary>Creates runs in one order, all with that priority, and answers their rows.</summary>
    public async Task<IReadOnlyList<RunRow>> CreateRunsAsync(
        (NamespaceId Namespace, PipelineId Pipeline) pipeline, int count, CancellationToken cancellationToken, int? priority = null)
    {
        IReadOnlyList<RunRow> created = [];
        var run = new NewRun(null, new Dictionary<string, string>(), new Dictionary<string, string>()) { Priority = priority };
        var order = new CreateOrder(
            pipeline.Namespace, pipeline.Pipeline, [.. Enumerable.Repeat(run, count)], null,
            rows =>
            {
                created = rows;
                return new StoredAnswer(201, null, "{}");
            });
        var answer = await Writer.CreateAsync(order, cancellationToken);
        return answer.Error is { } error ? throw new InvalidOperationException(error.Message) : created;
    }

    /// <summary>The run as it stands.</summary>
    public async Task<RunRow> RunAsync(RunId id, CancellationToken cancellationToken)
    {
        await using var scope = Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IGoferDb>().Runs.AsNoTracking().SingleAsync(r => r.Id == id, cancellationToken);
    }

    /// <summary>The run's tasks as they stand, by index.</summary>
    public async Task<IReadOnlyList<TaskRow>> TasksAsync(RunId id, CancellationToken cancellationToken)
    {
        await using var scope = Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IGoferDb>().Tasks.AsNoTracking()
            .Where(t => t.RunId == id).OrderBy(t => t.Task).ToListAsync(cancellationToken);
    }

    /// <summary>Returns the run once it has ended.</summary>
    public async Task<RunRow> WaitForEndAsync(RunId id, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var deadline = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var run = await RunAsync(id, cancellationToken);
            if (run.State.IsFinal()) return run;
            if (deadline.Elapsed > atMost)
            {
                var tasks = await TasksAsync(id, cancellationToken);
                throw new TimeoutException($"The run is {run.State} after {atMost}: {string.Join(", ", tasks.Select(t => $"{t.Task}:{t.State}"))}");
            }

            await Task.Delay(20, cancellationToken);
        }
    }

    /// <summary>The single value of a query.</summary>
    public async Task<T> ScalarAsync<T>(string sql, CancellationToken cancellationToken)
    {
        await using var command = Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Makes a worker's lease run out.</summary>
    public async Task ExpireLeaseAsync(WorkerId worker, CancellationToken cancellationToken)
    {
        await using var command = Source.CreateCommand("update gofer.workers set lease_until = now() - interval '1 second' where id = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = worker.Value });
        if (await command.ExecuteNonQueryAsync(cancellationToken) != 1) throw new InvalidOperationException("No such worker.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts.AsEnumerable().Reverse())
        {
            await host.StopAsync(CancellationToken.None);
            host.Dispose();
        }

        await _database.DisposeAsync();
    }
}
