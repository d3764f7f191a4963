using Gofer.Application.Triggers;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Domain.Triggers;
using Gofer.Tests.Integration.Engine;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>Backfills of which several processes pass, some of which die, and which are cancelled at any moment.</summary>
public sealed class BackfillCrashTests(QueueInstall shared) : BackfillTest(shared)
{
    [Fact]
    public async Task Passes_on_several_queues_of_which_some_die_in_between_make_one_run_of_each_time()
    {
        const int Days = 60;
        const int Parallel = 5;
        await DailyAsync();
        var ids = new[] { await BackfillAsync(Days, Parallel), await BackfillAsync(Days, Parallel, o => o with { Reverse = true }) };
        // Hosts of their own: whoever dies takes its connections along, and the test keeps its own.
        var queues = new List<ITriggerQueue>();
        for (var i = 0; i < 3; i++) queues.Add((await Install.AddHostAsync(_ => { }, Ct)).Services.GetRequiredService<ITriggerQueue>());
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var (deaths, most) = (0, 0L);
        var passing = queues.ConvertAll(queue => Task.Run(
            async () =>
            {
                while (!over.IsCancellationRequested)
                {
                    try
                    {
                        await queue.PassAsync(Ct);
                    }
                    catch (Exception e) when (e is NpgsqlException or System.IO.IOException or TimeoutException)
                    {
                        Interlocked.Increment(ref deaths);
                    }
                }
            },
            Ct));
        try
        {
            var worker = await WorkAsync();
            for (var round = 0; await UnendedAsync() > 0; round++)
            {
                Assert.True(round < 5000, "It never ends.");
                most = Math.Max(most, await Install.ScalarAsync<long>("select coalesce(max(n), 0) from (select count(*) as n from gofer.active_runs group by backfill_id) as a", Ct));
                await FinishAsync(worker, await ClaimAsync(worker, 3));
                if (round % 4 == 0) await KillAsync();
            }
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(passing);
        }

        Assert.True(deaths > 0, "Nobody died.");
        Assert.InRange(most, 1, Parallel);
        foreach (var id in ids) Assert.Equal((BackfillState.Completed, Days, Days), ((await ViewAsync(id)).State, (await ViewAsync(id)).Total, (await ViewAsync(id)).Made));
        var ledger = await LedgerAsync();
        Assert.Equal(2 * Days, ledger.Count);
        Assert.Equal(2 * Days, ledger.Select(e => (e.BackfillId, e.ScheduledFor)).Distinct().Count());
        Assert.All(ledger, e => Assert.Equal(Decisions.Ran, e.Decision));
        Assert.Equal(Enumerable.Range(1, 2 * Days).Select(n => (long)n), ledger.Select(e => e.Run!.Value).Order());
        Assert.Equal(2 * Days, await CountAsync("runs"));
    }

    [Fact]
    public async Task After_a_cancel_is_acknowledged_no_run_is_made_and_those_that_are_there_end()
    {
        await DailyAsync();
        var id = await BackfillAsync(50, 4);
        await SettleAsync();
        var worker = await WorkAsync();
        var running = await ClaimAsync(worker, 1);
        var cancelled = (await CancelAsync(id)).Value;
        // One has a container that is to be stopped first; the others were waiting and have ended.
        Assert.Equal((BackfillState.Cancelling, Backfill.Asked, 1), (cancelled.State, cancelled.Reason, cancelled.Active));
        Assert.Empty(await ClaimAsync(worker, 10));
        await SettleAsync();
        Assert.Equal(4, await CountAsync("runs"));
        Assert.Equal(BackfillState.Cancelling, (await CancelAsync(id)).Value.State);
        await FinishAsync(worker, running, 143);
        await SettleAsync();
        Assert.Equal((BackfillState.Cancelled, 0, 4), ((await ViewAsync(id)).State, (await ViewAsync(id)).Active, (await ViewAsync(id)).Made));
        Assert.All(await RunsAsync(), r => Assert.Equal((RunState.Cancelled, Backfill.Cancels), (r.State, r.Message)));
        Assert.Equal(BackfillState.Cancelled, (await CancelAsync(id)).Value.State);
        Assert.Equal(["backfill.created", "backfill.cancelled"], await AuditAsync(id));
    }

    [Fact]
    public async Task Events_that_are_open_when_it_is_cancelled_make_no_run_and_the_ledger_says_why()
    {
        await DailyAsync();
        var id = await BackfillAsync(50, 4);
        Assert.Equal(4, await Steps.RunAsync(Ct));
        Assert.Equal(BackfillState.Cancelling, (await CancelAsync(id)).Value.State);
        await SettleAsync();
        var ledger = await LedgerAsync();
        Assert.Equal(4, ledger.Count);
        Assert.All(ledger, e => Assert.Equal((Decisions.Cancelled, Backfill.Cancels), (e.Decision, e.Reason)));
        Assert.Equal((0, 0), (await CountAsync("runs"), await CountAsync("open_trigger_events")));
        Assert.Equal(BackfillState.Cancelled, (await ViewAsync(id)).State);
    }

    [Fact]
    public async Task What_somebody_left_over_who_died_while_cancelling_is_cancelled_by_the_next_pass()
    {
        await DailyAsync();
        var id = await BackfillAsync(50, 4);
        await SettleAsync();
        // As far as the first transaction, and no further.
        await WithAsync(async db =>
        {
            await using var transaction = await db.BeginAsync(Ct);
            Assert.True((await db.LockBackfillAsync(id, Ct))!.Cancel().Value);
            await db.SaveChangesAsync(Ct);
            await transaction.CommitAsync(Ct);
            return true;
        });
        await SettleAsync();
        Assert.Empty(await ClaimAsync(await WorkAsync(), 10));
        await SettleAsync();
        Assert.Equal((BackfillState.Cancelled, 4), ((await ViewAsync(id)).State, (await ViewAsync(id)).Made));
        Assert.All(await RunsAsync(), r => Assert.Equal(RunState.Cancelled, r.State));
    }

    [Fact]
    public async Task Whoever_cancels_while_passes_go_on_finds_all_its_runs_each_time()
    {
        await DailyAsync();
        var other = (await Install.AddHostAsync(_ => { }, Ct)).Services.GetRequiredService<ITriggerQueue>();
        var worker = await WorkAsync();
        for (var round = 0; round < 15; round++)
        {
            var id = await BackfillAsync(100, 100);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            var passing = ((ITriggerQueue[])[Triggers, other]).Select(queue => Task.Run(
                async () =>
                {
                    while (!over.IsCancellationRequested) await queue.PassAsync(Ct);
                },
                Ct)).ToArray();
            await CancelAsync(id);
            // Once that is answered nothing is made, and nothing is left that could start.
            var made = await CountAsync("runs");
            Assert.Equal(0L, await Install.ScalarAsync<long>("select count(*) from gofer.active_runs a join gofer.runs r on r.id = a.run_id where r.cancel_requested_at is null", Ct));
            Assert.Empty(await ClaimAsync(worker, 100));
            while ((await ViewAsync(id)).EndedAt is null) await Task.Yield();
            await over.CancelAsync();
            await Task.WhenAll(passing);
            Assert.Equal(made, await CountAsync("runs"));
        }

        Assert.Equal(0, await CountAsync("active_runs"));
    }

    [Fact]
    public async Task One_that_is_completed_cannot_be_cancelled_and_what_is_not_there_neither()
    {
        await DailyAsync();
        var id = await BackfillAsync(1, 1);
        await SettleAsync();
        await EndRunsAsync();
        await SettleAsync();
        var refused = (await CancelAsync(id)).Error!;
        Assert.Equal((ErrorKind.Conflict, ErrorCodes.BackfillEnded, "The backfill is completed, and nothing of it is left to change."), (refused.Kind, refused.Code, refused.Message));
        Assert.Equal(ErrorCodes.BackfillNotFound, (await CancelAsync(default)).Error!.Code);
    }

    private Task<long> UnendedAsync() => Install.ScalarAsync<long>("select count(*) from gofer.backfills where ended_at is null", Ct);

    private async Task<List<string>> AuditAsync(BackfillId id)
    {
        await using var command = Install.Source.CreateCommand($"select type from gofer.audit where data::jsonb ->> 'backfill' = '{id}' order by id");
        await using var rows = await command.ExecuteReaderAsync(Ct);
        var types = new List<string>();
        while (await rows.ReadAsync(Ct)) types.Add(rows.GetString(0));
        return types;
    }

    /// <summary>Ends the connections of whoever is in the middle of a pass, as the death of a process does.</summary>
    private Task KillAsync() => ExecuteAsync(
        """
        select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
            and (query like '%backfill%' or query like '%trigger_events%')
        """);
}
