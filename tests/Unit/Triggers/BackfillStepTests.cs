using CsCheck;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;

namespace Gofer.Tests.Unit.Triggers;

/// <summary>What is done of a backfill at each moment, and where it may go from where it stands.</summary>
public sealed class BackfillStepTests
{
    [Theory]
    [InlineData(BackfillState.Running, 10, 0, false, null, 4, BackfillState.Running)]
    [InlineData(BackfillState.Running, 10, 3, false, null, 1, BackfillState.Running)]
    [InlineData(BackfillState.Running, 10, 4, false, null, 0, BackfillState.Running)]
    [InlineData(BackfillState.Running, 10, 9, false, null, 0, BackfillState.Running)]
    [InlineData(BackfillState.Running, 2, 0, false, null, 2, BackfillState.Running)]
    [InlineData(BackfillState.Running, 0, 1, false, null, 0, BackfillState.Running)]
    [InlineData(BackfillState.Running, 0, 0, false, null, 0, BackfillState.Completed)]
    [InlineData(BackfillState.Running, 10, 0, true, null, 0, BackfillState.Running)] // its pipeline is paused
    [InlineData(BackfillState.Running, 0, 0, true, null, 0, BackfillState.Completed)]
    [InlineData(BackfillState.Running, 10, 2, false, "gone", 0, BackfillState.Cancelled)]
    [InlineData(BackfillState.Running, 0, 0, false, "gone", 0, BackfillState.Completed)] // nothing of it was left
    [InlineData(BackfillState.Paused, 10, 0, false, null, 0, BackfillState.Paused)]
    [InlineData(BackfillState.Paused, 0, 0, false, null, 0, BackfillState.Completed)]
    [InlineData(BackfillState.Paused, 10, 0, false, "gone", 0, BackfillState.Cancelled)]
    [InlineData(BackfillState.Cancelling, 10, 1, false, null, 0, BackfillState.Cancelling)]
    [InlineData(BackfillState.Cancelling, 10, 0, false, null, 0, BackfillState.Cancelled)]
    [InlineData(BackfillState.Cancelling, 10, 1, false, "gone", 0, BackfillState.Cancelling)]
    public void A_step_makes_as_many_as_there_is_room_for_and_brings_it_to_its_end(BackfillState state, int left, int active, bool held, string? gone, int make, BackfillState then)
    {
        var step = BackfillStep.Of(state, left, active, parallel: 4, held, gone);
        Assert.Equal((make, then, then == BackfillState.Cancelled && state != BackfillState.Cancelling ? gone : null), (step.Make, step.State, step.Reason));
    }

    [Fact]
    public void Whatever_ends_when_each_time_is_made_once_and_no_more_are_active_than_may_be() =>
        Gen.Select(Gen.Int[1, 200], Gen.Int[1, 10], Gen.Int[0, 10].Array[1, 50]).Sample(c =>
        {
            var (total, parallel, ends) = c;
            var (made, active, state) = (0, 0, BackfillState.Running);
            for (var pass = 0; state == BackfillState.Running; pass++)
            {
                var step = BackfillStep.Of(state, total - made, active, parallel, held: false, gone: null);
                (made, active, state) = (made + step.Make, active + step.Make, step.State);
                Assert.InRange(active, 0, parallel);
                Assert.InRange(made, 0, total);
                // Some come to their end; each third pass at least one, since none takes for ever.
                active -= Math.Min(active, Math.Max(ends[pass % ends.Length], pass % 3 == 0 ? 1 : 0));
            }

            Assert.Equal((total, 0, BackfillState.Completed), (made, active, state));
        });

    [Fact]
    public void One_that_runs_is_paused_and_resumed_and_asking_twice_changes_nothing()
    {
        var backfill = New();
        Assert.True(backfill.Pause(true).Value);
        Assert.False(backfill.Pause(true).Value);
        Assert.Equal(BackfillState.Paused, backfill.State);
        Assert.True(backfill.Pause(false).Value);
        Assert.False(backfill.Pause(false).Value);
        Assert.Equal((BackfillState.Running, null), (backfill.State, backfill.Reason));
    }

    [Fact]
    public void One_that_is_cancelled_stays_so_and_is_neither_paused_nor_resumed()
    {
        var backfill = New();
        backfill.Pause(true);
        Assert.True(backfill.Cancel().Value);
        Assert.False(backfill.Cancel().Value);
        Assert.Equal((BackfillState.Cancelling, Backfill.Asked), (backfill.State, backfill.Reason));
        foreach (var paused in new[] { true, false }) Assert.Equal((ErrorKind.Conflict, ErrorCodes.BackfillEnded), (backfill.Pause(paused).Error!.Kind, backfill.Pause(paused).Error!.Code));
    }

    private static Backfill New() => new()
    {
        Id = default,
        NamespaceId = default,
        PipelineId = default,
        TriggerId = default,
        Trigger = "t",
        From = DateTimeOffset.UnixEpoch,
        To = DateTimeOffset.UnixEpoch.AddDays(1),
        Parallel = 4,
        Total = 1,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };
}
