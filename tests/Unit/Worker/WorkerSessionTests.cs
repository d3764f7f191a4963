using System.Diagnostics;
using Gofer.Application.Schedulers;
using Gofer.Domain.Common;
using Gofer.Worker.Tasks;

namespace Gofer.Tests.Unit.Worker;

public sealed class WorkerSessionTests
{
    private static readonly TimeSpan s_lease = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_start_that_meets_a_lease_in_doubt_goes_on_once_it_is_renewed()
    {
        using var session = Session(age: s_lease * 2);
        var waits = session.UntilLeaseHoldsAsync(Ct);
        Assert.False(session.LeaseHolds);
        Assert.False(waits.IsCompleted);
        session.Renewed(Stopwatch.GetTimestamp());
        await waits;
        Assert.True(session.LeaseHolds);
    }

    [Fact]
    public async Task A_start_that_meets_a_lost_lease_ends_with_the_session()
    {
        using var session = Session(age: s_lease * 2);
        var waits = session.UntilLeaseHoldsAsync(Ct);
        await session.EndAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        Assert.True(session.Over.IsCancellationRequested);
    }

    private static WorkerSession Session(TimeSpan age) => new(
        new WorkerId(Guid.CreateVersion7()), new Backend("test", "test", "test", "test"), s_lease,
        Stopwatch.GetTimestamp() - (long)(age.TotalSeconds * Stopwatch.Frequency));
}
