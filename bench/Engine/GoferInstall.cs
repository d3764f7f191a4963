using Gofer.Application.Runs;
using Gofer.Application.Schedulers;
using Gofer.Domain.Common;
using Gofer.Tests.Support.Engine;
using Gofer.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Gofer.Bench.Engine;

/// <summary>The real engine over a new database of its own: one host that creates runs, and workers on a scheduler of no containers.</summary>
internal sealed class GoferInstall : IAsyncDisposable
{
    /// <summary>Tasks that a worker of the bench holds at a time, and that the prototype takes at once.</summary>
    public const int Capacity = 500;

    private static readonly NewRun s_run = new(null, new Dictionary<string, string>(), new Dictionary<string, string>());

    private int _registered;

    private GoferInstall(TestInstall install) => Install = install;

    public TestInstall Install { get; }

    public NpgsqlDataSource Source => Install.Source;

    public static async Task<GoferInstall> StartAsync(CancellationToken cancellationToken) => new(await TestInstall.StartAsync(cancellationToken));

    public Task<(NamespaceId Namespace, PipelineId Pipeline)> RegisterAsync(Dag dag, CancellationToken cancellationToken, string? id = null) =>
        Install.RegisterAsync(dag.Document(id ?? $"{dag.Name}-{++_registered}"), cancellationToken);

    /// <summary>Creates runs in one order and answers their ids.</summary>
    public async Task<IReadOnlyList<RunId>> CreateAsync((NamespaceId Namespace, PipelineId Pipeline) pipeline, int count, CancellationToken cancellationToken)
    {
        IReadOnlyList<RunId> ids = [];
        var order = new CreateOrder(pipeline.Namespace, pipeline.Pipeline, [.. Enumerable.Repeat(s_run, count)], null, rows =>
        {
            ids = [.. rows.Select(r => r.Id)];
            return new StoredAnswer(201, null, "");
        });
        var answer = await Install.Writer.CreateAsync(order, cancellationToken);
        return answer.Error is { } error ? throw new InvalidOperationException(error.Message) : ids;
    }

    /// <summary>Creates runs in orders of 100.</summary>
    public async Task FillAsync((NamespaceId Namespace, PipelineId Pipeline) pipeline, int count, CancellationToken cancellationToken)
    {
        for (var left = count; left > 0; left -= 100) await CreateAsync(pipeline, Math.Min(left, 100), cancellationToken);
    }

    /// <summary>One more worker process, as far as a host in this process can be one; it speaks to <paramref name="database"/> if that is given.</summary>
    public Task<IHost> AddWorkerAsync(
        IScheduler scheduler, CancellationToken cancellationToken, string? database = null, Action<IServiceCollection>? also = null, int capacity = Capacity) =>
        Install.AddHostAsync(
            database ?? Install.ConnectionString,
            services =>
            {
                services.AddSingleton(scheduler).AddGoferWorker();
                also?.Invoke(services);
            },
            cancellationToken,
            ("Gofer:Worker:Capacity", capacity.ToString(System.Globalization.CultureInfo.InvariantCulture)));

    /// <summary>A fast wrong answer is no answer: every run of the pipeline must have succeeded, each task with its log.</summary>
    public async Task VerifyAsync(PipelineId pipeline, long runs, long tasks, CancellationToken cancellationToken)
    {
        await using var command = Source.CreateCommand(
            """
            select (select count(*) from gofer.runs where pipeline_id = $1 and state = 'succeeded'),
                (select count(distinct (l.run_id, l.task)) from gofer.run_numbers n join gofer.log_chunks l on l.run_id = n.run_id where n.pipeline_id = $1)
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = pipeline.Value });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        var (succeeded, logged) = (row.GetInt64(0), row.GetInt64(1));
        if (succeeded != runs || logged != tasks) throw new InvalidOperationException($"{succeeded} runs of {runs} succeeded, {logged} tasks of {tasks} have a log.");
    }

    public ValueTask DisposeAsync() => Install.DisposeAsync();
}
