using Gofer.Application.Queue;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Tests.Support.Engine;

namespace Gofer.Tests.Integration.Engine;

/// <summary>A test that drives the engine itself, as a worker without containers; each finds the install empty.</summary>
public abstract class EngineTest(QueueInstall shared) : IClassFixture<QueueInstall>, IAsyncLifetime
{
    private protected static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private protected TestInstall Install { get; } = shared.Install;

    private protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await Install.ResetAsync(Ct);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private protected static string OneTask(string id, string more = "", string task = "") =>
        $$"""{"id":"{{id}}"{{(more.Length > 0 ? "," + more : "")}},"tasks":[{"id":"t","image":"i","command":["true"]{{(task.Length > 0 ? "," + task : "")}}}]}""";

    private protected Task<WorkerId> WorkAsync() => Install.Queue.RegisterAsync("worker", TestInstall.Backend, Lease, Ct);

    private protected async Task<IReadOnlyList<ClaimedTask>> ClaimAsync(WorkerId worker, int limit = 10) =>
        (await Install.Queue.AdvanceAsync(worker, TestInstall.Backend, [], limit, Ct)).Claims;

    /// <summary>Ends the containers of those tasks and claims up to <paramref name="limit"/> others.</summary>
    private protected async Task<IReadOnlyList<ClaimedTask>> FinishAsync(WorkerId worker, IEnumerable<ClaimedTask> tasks, int exitCode = 0, int limit = 0) =>
        (await Install.Queue.AdvanceAsync(worker, TestInstall.Backend, [.. tasks.Select(t => Exited(t, exitCode))], limit, Ct)).Claims;

    private protected static TaskReport Exited(ClaimedTask task, int exitCode) =>
        new TaskReport.Ended(task.Held, new TaskOutcome.Exited(exitCode, false, DateTimeOffset.UnixEpoch, null));

    private protected Task<Swept> SweepAsync(int poisonLimit = 3) => Install.Queue.SweepAsync(TimeSpan.FromMinutes(10), poisonLimit, Ct);

    private protected Task<long> CountAsync(string table) => Install.ScalarAsync<long>($"select count(*) from gofer.{table}", Ct);

    private protected async Task ExecuteAsync(string sql)
    {
        await using var command = Install.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private protected static string Unique(string name) => $"{name}-{Guid.CreateVersion7():N}"[..30];
}
