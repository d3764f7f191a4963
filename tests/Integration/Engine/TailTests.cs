using Gofer.Application.Logs;
using Gofer.Application.Queue;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Tests.Support.Engine;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Gofer.Tests.Integration.Engine;

/// <summary>What one transaction stores, it stores whole or not at all.</summary>
public sealed class TailTests(QueueInstall shared) : EngineTest(shared)
{
    [Fact]
    public async Task The_last_lines_of_an_attempt_are_stored_with_its_end_and_not_with_an_end_that_is_refused()
    {
        await Install.CreateRunAsync(await Install.RegisterAsync(OneTask("p"), Ct), Ct);
        var (first, second) = (await WorkAsync(), await WorkAsync());
        var lost = Assert.Single(await ClaimAsync(first));
        await Install.ExpireLeaseAsync(first, Ct);
        await SweepAsync();
        var claim = Assert.Single(await ClaimAsync(second));

        // As one whose lease was renewed too late: under an old fence.
        var late = await Install.Queue.AdvanceAsync(second, TestInstall.Backend, [Ended(lost, "too late\n")], 0, Ct);
        Assert.Single(late.Refused);
        Assert.Equal(0L, await CountAsync("log_chunks"));

        await Install.Queue.AdvanceAsync(second, TestInstall.Backend, [Ended(claim, "said\n")], 0, Ct);
        Assert.Equal("said\n", await Install.ScalarAsync<string>("select convert_from(bytes, 'UTF8') from gofer.log_chunks", Ct));
        await Install.Queue.AdvanceAsync(second, TestInstall.Backend, [Ended(claim, "said\n")], 0, Ct); // its answer was lost
        Assert.Equal(1L, await CountAsync("log_chunks"));
    }

    [Fact]
    public async Task A_write_that_touches_other_rows_than_were_read_commits_nothing()
    {
        var transactions = Install.Services.GetRequiredService<EngineTransaction>();
        var broken = await Assert.ThrowsAsync<PostgresException>(() => transactions.RunAsync(
            async (session, token) =>
            {
                var writes = new Writes();
                writes.Add("update gofer.install set task_limit = 7");
                writes.Demand(2, "update gofer.install set task_limit = 8");
                await session.CommitAsync(writes, token);
                return true;
            },
            Ct));
        Assert.Contains("touched 1 rows in place of 2", broken.MessageText, StringComparison.Ordinal);
        Assert.Equal(0, await Install.ScalarAsync<int>("select task_limit from gofer.install", Ct));
    }

    [Fact]
    public async Task A_step_that_commits_nothing_leaves_no_transaction_open()
    {
        var transactions = Install.Services.GetRequiredService<EngineTransaction>();
        var process = await transactions.RunAsync((session, token) => session.ScalarAsync(Sql.Command("select pg_backend_pid()"), token), Ct);
        await using var other = new NpgsqlConnection(Install.ConnectionString);
        await other.OpenAsync(Ct);
        await using var state = new NpgsqlCommand("select state from pg_stat_activity where pid = $1", other);
        state.Parameters.Add(Sql.P((int)process!));
        Assert.Equal("idle", await state.ExecuteScalarAsync(Ct));
    }

    private static TaskReport.Ended Ended(ClaimedTask task, string said) => new(task.Held, new TaskOutcome.Exited(0, false, DateTimeOffset.UnixEpoch, null))
    {
        Tail = [new LogChunk(task.Held.Task, task.Attempt, 1, LogStream.Stdout, 1, DateTimeOffset.UnixEpoch, System.Text.Encoding.UTF8.GetBytes(said)) { StreamEnd = said.Length, LastPiece = 1 }],
    };
}
