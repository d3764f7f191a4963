using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Gofer.Domain.Runs;
using Gofer.Tests.Integration.Engine;

namespace Gofer.Tests.Integration.SharedTasks;

/// <summary>Attempts of services in the queue: no worker's back end is nearer to them than another's.</summary>
public sealed class CallQueueTests(QueueInstall shared) : EngineTest(shared)
{
    [Fact]
    public async Task An_attempt_of_a_service_is_adopted_by_a_worker_of_any_back_end()
    {
        await ExecuteAsync(
            """
            with t as (insert into gofer.shared_tasks (id, name, created_at, modified_at) values (gen_random_uuid(), 'lint', now(), now()) returning id)
            insert into gofer.shared_task_versions (id, task_id, major, minor, patch, definition, content_hash, created_at)
            select gen_random_uuid(), id, 1, 0, 0, '{"call":{"endpoint":"http://lint.internal:7000","task":"lint"},"version":"1.0"}', '', now() from t
            """);
        var run = await Install.CreateRunAsync(await Install.RegisterAsync("""{"id":"p","tasks":[{"id":"t","uses":"lint@1"}]}""", Ct), Ct);
        Assert.Equal(("1.0", "global"), (run.SharedTasks!["lint@1"].Version, run.SharedTasks["lint@1"].Scope));
        var first = await WorkAsync();
        var claimed = Assert.Single(await ClaimAsync(first));
        await Install.Queue.AdvanceAsync(first, Support.Engine.TestInstall.Backend, [new TaskReport.Started(claimed.Held, DateTimeOffset.UnixEpoch, null)], 0, Ct);
        var row = Assert.Single(await Install.TasksAsync(run.Id, Ct));
        Assert.Equal((TaskState.Running, "call", "lint.internal:7000"), (row.State, row.Scheduler, row.Node));

        await Install.ExpireLeaseAsync(first, Ct);
        await SweepAsync();
        Assert.Equal(0L, await Install.ScalarAsync<long>("select count(*) from gofer.ready_tasks where backend is not null", Ct));
        var elsewhere = new Backend("docker", "another-engine", "there", "another back end");
        var second = await Install.Queue.RegisterAsync("second", elsewhere, Lease, Ct);
        var adopted = Assert.Single((await Install.Queue.AdvanceAsync(second, elsewhere, [], 10, Ct)).Claims);
        Assert.Equal((true, 1, "1.0"), (adopted.WasStarted, adopted.Attempt, adopted.Shared!.Definition.Version.ToString()));
    }

    [Fact]
    public async Task A_run_whose_pipeline_uses_nothing_stores_nothing()
    {
        await Install.CreateRunAsync(await Install.RegisterAsync(OneTask("p"), Ct), Ct);
        Assert.Equal(1L, await Install.ScalarAsync<long>("select count(*) from gofer.runs where shared_tasks is null", Ct));
    }
}
