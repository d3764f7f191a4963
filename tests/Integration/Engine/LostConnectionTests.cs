using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Tests.Support.Engine;
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
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => _install.Queue.RenewAsync(worker, lease, Ct));
        }

        Assert.NotNull(await _install.Queue.RenewAsync(worker, lease, Ct));
    }
}
