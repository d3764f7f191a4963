using Gofer.Application.Queue;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Tests.Support.Engine;
using Gofer.Tests.Support.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Gofer.Tests.Integration.Engine;

/// <summary>Connections that stay open and carry nothing: what they hold up, they hold up for seconds.</summary>
public sealed class LostConnectionTests(QueueInstall shared) : IClassFixture<QueueInstall>
{
    private readonly TestInstall _install = shared.Install;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_transaction_whose_process_stood_still_frees_what_it_locked_and_is_done_again()
    {
        await using var rival = await _install.Source.OpenConnectionAsync(Ct);
        var tries = 0;
        var done = await _install.Services.GetRequiredService<EngineTransaction>().RunAsync(
            async (session, token) =>
            {
                await session.ScalarAsync(Sql.Command("select id from gofer.install for update"), token);
                if (++tries == 1)
                {
                    // Says nothing any more; the rival comes through only when the database gives it up.
                    await using var follow = new NpgsqlCommand("select id from gofer.install for update", rival);
                    Assert.NotNull(await follow.ExecuteScalarAsync(token));
                }

                await session.CommitAsync(new Writes(), token);
                return true;
            },
            Ct);
        Assert.True(done);
        Assert.Equal(2, tries);
    }

    [Fact]
    public async Task A_renewal_that_is_not_answered_leaves_time_for_another()
    {
        var lease = TimeSpan.FromSeconds(9);
        var worker = await _install.Queue.RegisterAsync("w", TestInstall.Backend, lease, Ct);
        await using (var silent = await _install.Source.OpenConnectionAsync(Ct))
        await using (var hold = new NpgsqlCommand("begin; select id from gofer.workers for update", silent))
        {
            await hold.ExecuteScalarAsync(Ct);
            await Assert.ThrowsAsync<TimeoutException>(() => _install.Queue.RenewAsync(worker, lease, Ct));
        }

        Assert.NotNull(await _install.Queue.RenewAsync(worker, lease, Ct));
    }

    [Theory]
    [InlineData("the claim")]
    [InlineData("the sweep")]
    [InlineData("the timers")]
    [InlineData("the stops")]
    public async Task What_a_worker_asks_on_a_connection_that_carries_nothing_is_given_up_while_its_lease_holds(string asked)
    {
        var lease = TimeSpan.FromSeconds(9);
        var place = new NpgsqlConnectionStringBuilder(_install.ConnectionString);
        using var proxy = new SpoilingProxy(place.Port);
        (place.Host, place.Port) = ("127.0.0.1", proxy.Port);
        var host = await _install.AddHostAsync(place.ConnectionString, _ => { }, Ct);
        var queue = host.Services.GetRequiredService<IWorkQueue>();
        var worker = await queue.RegisterAsync("w", TestInstall.Backend, lease, Ct);
        var silent = proxy.Links;
        foreach (var link in silent) link.Halted = true;

        await Assert.ThrowsAsync<TimeoutException>(() => AskAsync());
        Assert.True(await _install.ScalarAsync<bool>($"select lease_until > now() from gofer.workers where id = '{worker.Value}'", Ct));
        // Nobody has said anything of the silent ones; the next question goes another way.
        await AskAsync();
        Assert.All(silent, link => Assert.True(link.Halted));
        foreach (var link in silent) link.Abort();
        await host.StopAsync(Ct);

        Task AskAsync() => asked switch
        {
            "the claim" => queue.AdvanceAsync(worker, TestInstall.Backend, [], 1, Ct),
            "the sweep" => queue.SweepAsync(TimeSpan.FromMinutes(10), 3, Ct),
            "the timers" => queue.FireTimersAsync(Ct),
            _ => queue.StopsAsync(worker, [new HeldTask(new RunId(Guid.CreateVersion7()), 0, 1)], Ct),
        };
    }

    [Fact]
    public async Task An_honest_answer_that_takes_longer_than_a_third_of_the_lease_is_waited_for_longer_the_next_time()
    {
        var transactions = _install.Services.GetRequiredService<EngineTransaction>();
        await _install.Queue.RegisterAsync("w", TestInstall.Backend, TimeSpan.FromSeconds(3), Ct);
        var tries = 0;
        while (!await HasAnswerAsync()) Assert.InRange(tries, 1, 5);
        Assert.InRange(tries, 2, 5);

        async Task<bool> HasAnswerAsync()
        {
            tries++;
            try
            {
                return await transactions.RunInTimeAsync(async (session, token) => await session.ScalarAsync(Sql.Command("select true from pg_sleep(1.5)"), token) is not null, Ct);
            }
            catch (TimeoutException)
            {
                return false;
            }
        }
    }
}
