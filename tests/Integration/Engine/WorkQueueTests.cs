using Gofer.Application.Queue;
using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Tests.Support.Engine;
using Npgsql;

namespace Gofer.Tests.Integration.Engine;

/// <summary>One install for all tests of the class; each finds it empty.</summary>
public sealed class QueueInstall : IAsyncLifetime
{
    public TestInstall Install { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Install = await TestInstall.StartAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => Install.DisposeAsync();
}

public sealed class WorkQueueTests(QueueInstall shared) : IClassFixture<QueueInstall>, IAsyncLifetime
{
    private const string Diamond =
        """
        {"id":"diamond","tasks":[
            {"id":"a","image":"i","command":["true"]},
            {"id":"b","image":"i","command":["true"],"depends_on":{"a":"success"}},
            {"id":"c","image":"i","command":["true"],"depends_on":{"a":"failure"}},
            {"id":"d","image":"i","command":["true"],"depends_on":{"b":"any","c":"any"}}]}
        """;

    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private readonly TestInstall _install = shared.Install;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _install.ResetAsync(Ct);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_run_goes_through_its_graph_and_leaves_no_queue_row()
    {
        var run = await _install.CreateRunAsync(await _install.RegisterAsync(Diamond, Ct), Ct);
        Assert.Equal((1, RunState.Running), (run.Number, run.State));

        var worker = await WorkAsync();
        var claim = Assert.Single((await AdvanceAsync(worker)).Claims);
        Assert.Equal(("default", "diamond", "a", 1L, 1), (claim.Namespace, claim.Pipeline, claim.Definition.Id, claim.Held.Fence, claim.Attempt));

        var second = await AdvanceAsync(worker, Started(claim), Exited(claim, 0));
        Assert.Empty(second.Refused);
        var b = Assert.Single(second.Claims); // the child is taken in the commit that made it ready
        var third = await AdvanceAsync(worker, Started(b), Exited(b, 7));
        var d = Assert.Single(third.Claims);
        await AdvanceAsync(worker, Exited(d, 0));

        var ended = await _install.RunAsync(run.Id, Ct);
        Assert.Equal((RunState.Failed, Reasons.TaskFailed), (ended.State, ended.Reason));
        var tasks = await _install.TasksAsync(run.Id, Ct);
        Assert.Equal([TaskState.Succeeded, TaskState.Failed, TaskState.Skipped, TaskState.Succeeded], tasks.Select(t => t.State));
        Assert.Equal((7, Reasons.ExitCode), (tasks[1].ExitCode, tasks[1].Reason));
        Assert.Equal(0, tasks[2].SkippedBy);
        Assert.Equal(0L, await _install.ScalarAsync<long>("select count(*) from gofer.ready_tasks", Ct));
        Assert.Equal(0L, await _install.ScalarAsync<long>("select count(*) from gofer.active_runs", Ct));
        Assert.Equal(ended.EventSeq, (int)await _install.ScalarAsync<long>("select count(*) from gofer.run_events", Ct));
        Assert.Equal(ended.EventSeq, await _install.ScalarAsync<int>("select max(seq) from gofer.run_events", Ct));
    }

    [Fact]
    public async Task A_worker_hands_over_and_puts_back_though_its_last_transaction_is_not_over_yet()
    {
        foreach (var leaves in new[] { true, false })
        {
            await _install.ResetAsync(Ct);
            await _install.CreateRunAsync(await _install.RegisterAsync(Diamond, Ct), Ct);
            var worker = await WorkAsync();
            Assert.Single((await AdvanceAsync(worker)).Claims);
            await using var last = await _install.Source.OpenConnectionAsync(Ct);
            await using var transaction = await last.BeginTransactionAsync(Ct);
            await using (var held = new NpgsqlCommand("select id from gofer.workers for key share", last, transaction)) await held.ExecuteScalarAsync(Ct);

            var putting = leaves ? _install.Queue.HandOverAsync(worker, Ct) : _install.Queue.ReconcileAsync(worker, [], Ct);
            while (!putting.IsCompleted && !await _install.ScalarAsync<bool>("select exists (select from pg_locks where not granted)", Ct)) await Task.Yield();
            await transaction.RollbackAsync(Ct);
            await putting;
            Assert.Equal(1L, await _install.ScalarAsync<long>("select count(*) from gofer.ready_tasks", Ct));
        }
    }

    [Fact]
    public async Task What_a_task_waited_for_is_gone_from_its_row_once_its_container_runs()
    {
        var run = await _install.CreateRunAsync(await _install.RegisterAsync(Diamond, Ct), Ct);
        var worker = await WorkAsync();
        var claim = Assert.Single((await AdvanceAsync(worker)).Claims);
        await AdvanceAsync(worker, new TaskReport.Progress(claim.Held, "pulling the image"));
        Assert.Equal((TaskState.Starting, "pulling the image"), (await _install.TasksAsync(run.Id, Ct))[0] is var starting ? (starting.State, starting.Message) : default);

        await AdvanceAsync(worker, Started(claim));
        Assert.Equal((TaskState.Running, null), (await _install.TasksAsync(run.Id, Ct))[0] is var running ? (running.State, running.Message) : default);
    }

    [Fact]
    public async Task An_expired_lease_is_claimed_again_and_fences_the_first_worker()
    {
        var run = await _install.CreateRunAsync(await _install.RegisterAsync(Diamond, Ct), Ct);
        var first = await WorkAsync();
        var claim = Assert.Single((await AdvanceAsync(first)).Claims);
        await AdvanceAsync(first, Started(claim));
        await _install.ExpireLeaseAsync(first, Ct);
        Assert.Null(await _install.Queue.RenewAsync(first, Lease, Ct));
        Assert.Equal(new Swept(1, false), await _install.Queue.SweepAsync(TimeSpan.FromMinutes(10), 3, Ct));

        var second = await WorkAsync();
        var again = Assert.Single((await AdvanceAsync(second)).Claims);
        Assert.Equal((claim.Held.Run, claim.Held.Task, 2L, 1, true), (again.Held.Run, again.Held.Task, again.Held.Fence, again.Attempt, again.WasStarted));
        await Assert.ThrowsAsync<LeaseLostException>(() => AdvanceAsync(first, Exited(claim, 0)));

        // a worker that lives but speaks under an old fence is refused as well
        var stale = await AdvanceAsync(second, Exited(claim, 1));
        Assert.Equal([KeyValuePair.Create(claim.Held, false)], stale.Refused);
        Assert.Empty((await AdvanceAsync(second, Started(again), Exited(again, 0))).Refused);
        Assert.Equal(TaskState.Succeeded, (await _install.TasksAsync(run.Id, Ct))[0].State);
    }

    [Fact]
    public async Task A_sweep_does_not_wait_for_a_dead_worker_whose_row_is_held_and_says_that_it_is_left()
    {
        await _install.CreateRunAsync(await _install.RegisterAsync(Diamond, Ct), Ct);
        var worker = await WorkAsync();
        Assert.Single((await AdvanceAsync(worker)).Claims);
        await _install.ExpireLeaseAsync(worker, Ct);
        await using (var rival = await _install.Source.OpenConnectionAsync(Ct))
        {
            await using var held = await rival.BeginTransactionAsync(Ct);
            await new NpgsqlCommand("select from gofer.workers for update", rival, held).ExecuteNonQueryAsync(Ct);
            Assert.Equal(new Swept(0, true), await _install.Queue.SweepAsync(TimeSpan.FromMinutes(10), 3, Ct));
        }

        Assert.Equal(new Swept(1, false), await _install.Queue.SweepAsync(TimeSpan.FromMinutes(10), 3, Ct));
    }

    [Fact]
    public async Task Cancelling_ends_what_waits_at_once_and_what_runs_once_its_container_is_gone()
    {
        var run = await _install.CreateRunAsync(await _install.RegisterAsync(Diamond, Ct), Ct);
        var worker = await WorkAsync();
        var claim = Assert.Single((await AdvanceAsync(worker)).Claims);
        await AdvanceAsync(worker, Started(claim));

        Assert.True((await _install.Writer.CancelAsync(run.Id, "enough", Ct)).IsOk);
        Assert.True((await _install.Writer.CancelAsync(run.Id, "again", Ct)).IsOk);
        Assert.Equal(claim.Held, Assert.Single(await _install.Queue.StopsAsync(worker, [claim.Held], Ct)));
        Assert.Equal(RunState.Running, (await _install.RunAsync(run.Id, Ct)).State);

        Assert.Empty((await AdvanceAsync(worker, Exited(claim, 0))).Claims);
        var ended = await _install.RunAsync(run.Id, Ct);
        Assert.Equal((RunState.Cancelled, Reasons.UserCancelled, "enough"), (ended.State, ended.Reason, ended.Message));
        var tasks = await _install.TasksAsync(run.Id, Ct);
        Assert.All(tasks, t => Assert.Equal(TaskState.Cancelled, t.State));
        Assert.Equal(0, tasks[0].ExitCode);
    }

    [Fact]
    public async Task A_cancelled_task_that_still_has_a_queue_row_is_never_claimed()
    {
        var run = await _install.CreateRunAsync(await _install.RegisterAsync(Diamond, Ct), Ct);
        Assert.True((await _install.Writer.CancelAsync(run.Id, null, Ct)).IsOk);
        Assert.Equal(RunState.Cancelled, (await _install.RunAsync(run.Id, Ct)).State);

        Assert.Empty((await AdvanceAsync(await WorkAsync())).Claims);
        Assert.Equal(0L, await _install.ScalarAsync<long>("select count(*) from gofer.ready_tasks", Ct));
    }

    [Fact]
    public async Task Parallelism_holds_runs_back_and_admits_them_in_order_as_slots_become_free()
    {
        var pipeline = await _install.RegisterAsync("""{"id":"narrow","parallelism":2,"tasks":[{"id":"a","image":"i","command":["true"]}]}""", Ct);
        var runs = new List<RunRow>();
        for (var i = 0; i < 5; i++) runs.Add(await _install.CreateRunAsync(pipeline, Ct));
        Assert.Equal([RunState.Running, RunState.Running, RunState.Pending, RunState.Pending, RunState.Pending], runs.Select(r => r.State));

        var worker = await WorkAsync();
        var order = new List<long>();
        while (order.Count < 5)
        {
            var claims = (await AdvanceAsync(worker)).Claims;
            Assert.InRange(claims.Count, 1, 2);
            order.AddRange(claims.Select(c => c.RunNumber));
            await AdvanceAsync(worker, [.. claims.Select(c => Exited(c, 0))]);
        }

        Assert.Equal([1, 2, 3, 4, 5], order);
    }

    [Fact]
    public async Task A_claim_whose_answer_was_lost_is_found_and_put_back()
    {
        await _install.CreateRunAsync(await _install.RegisterAsync(Diamond, Ct), Ct);
        var worker = await WorkAsync();
        var claim = Assert.Single((await AdvanceAsync(worker)).Claims);

        Assert.Equal(0, await _install.Queue.ReconcileAsync(worker, [claim.Held], Ct));
        Assert.Equal(1, await _install.Queue.ReconcileAsync(worker, [], Ct));
        Assert.Equal(2, Assert.Single((await AdvanceAsync(worker)).Claims).Held.Fence);
    }

    [Fact]
    public async Task Handing_over_puts_everything_back_at_once_and_ends_the_lease()
    {
        await _install.CreateRunAsync(await _install.RegisterAsync(Diamond, Ct), Ct);
        var first = await WorkAsync();
        Assert.Single((await AdvanceAsync(first)).Claims);
        await _install.Queue.HandOverAsync(first, Ct);

        await Assert.ThrowsAsync<LeaseLostException>(() => AdvanceAsync(first));
        Assert.Equal(2, Assert.Single((await AdvanceAsync(await WorkAsync())).Claims).Held.Fence);
    }

    [Fact]
    public async Task A_requeued_task_waits_for_a_worker_of_its_back_end_and_is_lost_after_a_while()
    {
        var run = await _install.CreateRunAsync(await _install.RegisterAsync(Diamond, Ct), Ct);
        var first = await WorkAsync();
        var claim = Assert.Single((await AdvanceAsync(first)).Claims);
        await AdvanceAsync(first, Started(claim));
        await _install.Queue.HandOverAsync(first, Ct);

        var elsewhere = TestInstall.Backend with { Identity = "another" };
        var other = await _install.Queue.RegisterAsync("other", elsewhere, Lease, Ct);
        Assert.Empty((await _install.Queue.AdvanceAsync(other, elsewhere, [], 10, Ct)).Claims);
        Assert.Equal(new Swept(0, false), await _install.Queue.SweepAsync(TimeSpan.FromMinutes(10), 3, Ct));
        Assert.Equal(new Swept(1, false), await _install.Queue.SweepAsync(TimeSpan.Zero, 3, Ct));
        var lost = (await _install.TasksAsync(run.Id, Ct))[0];
        Assert.Equal((TaskState.Failed, Reasons.Lost), (lost.State, lost.Reason));
        Assert.Equal("c", Assert.Single((await _install.Queue.AdvanceAsync(other, elsewhere, [], 10, Ct)).Claims).Definition.Id);
    }

    /// <summary>A connection that breaks in a commit leaves a worker that says everything again.</summary>
    [Fact]
    public async Task Reports_that_come_twice_or_late_are_no_refusals_of_a_task_that_is_held()
    {
        await _install.CreateRunAsync(await _install.RegisterAsync(Diamond, Ct), Ct);
        var worker = await WorkAsync();
        var claim = Assert.Single((await AdvanceAsync(worker)).Claims);
        var progress = new TaskReport.Progress(claim.Held, "pulling");
        Assert.Empty((await AdvanceAsync(worker, progress, Started(claim))).Refused);
        Assert.Empty((await AdvanceAsync(worker, progress, Started(claim), progress)).Refused);
        Assert.Empty((await AdvanceAsync(worker, Exited(claim, 0))).Refused);
        Assert.Equal(
            [KeyValuePair.Create(claim.Held, true)], (await AdvanceAsync(worker, progress, Started(claim), Exited(claim, 0))).Refused);
        Assert.Equal(1L, await _install.ScalarAsync<long>("select count(*) from gofer.run_events where type = 'task.started' and task = 0", Ct));
    }

    [Fact]
    public async Task Terminal_rows_are_immutable_for_the_database_too()
    {
        var run = await _install.CreateRunAsync(await _install.RegisterAsync(Diamond, Ct), Ct);
        await _install.Writer.CancelAsync(run.Id, null, Ct);
        foreach (var table in new[] { "runs", "task_executions" })
        {
            await using var command = _install.Source.CreateCommand($"update gofer.{table} set message = 'changed'");
            var refused = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Ct));
            Assert.Contains("immutable", refused.MessageText, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Fifty_callers_with_one_idempotency_key_make_one_run_and_run_numbers_have_no_gaps()
    {
        var (home, pipeline) = await _install.RegisterAsync(Diamond, Ct);
        var order = new CreateOrder(
            home, pipeline, [new NewRun(null, new Dictionary<string, string>(), new Dictionary<string, string>())],
            new IdempotencyClaim("here", "key", [1, 2, 3]), rows => new StoredAnswer(201, "/there", rows[0].Id.ToString()));
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _install.Writer.CreateAsync(order, Ct)));
        Assert.Single(answers.Select(a => a.Value.Answer.Body).Distinct());
        Assert.Single(answers, a => !a.Value.Replayed);

        var other = await _install.Writer.CreateAsync(order with { Claim = order.Claim! with { Hash = [9] } }, Ct);
        Assert.Equal(ErrorCodes.IdempotencyKeyReused, other.Error?.Code);

        var runs = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _install.CreateRunAsync((home, pipeline), Ct)));
        Assert.Equal(Enumerable.Range(2, 50).Select(n => (long)n), runs.Select(r => r.Number).Order());
    }

    private Task<WorkerId> WorkAsync() => _install.Queue.RegisterAsync("worker", TestInstall.Backend, Lease, Ct);

    private Task<Advance> AdvanceAsync(WorkerId worker, params TaskReport[] reports) =>
        _install.Queue.AdvanceAsync(worker, TestInstall.Backend, reports, 10, Ct);

    private static TaskReport.Started Started(ClaimedTask claim) => new(claim.Held, TimeProvider.System.GetUtcNow(), null);

    private static TaskReport.Ended Exited(ClaimedTask claim, int code) =>
        new(claim.Held, new TaskOutcome.Exited(code, OutOfMemory: false, TimeProvider.System.GetUtcNow(), null));
}
