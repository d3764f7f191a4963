using System.Globalization;
using Gofer.Domain.Common;

namespace Gofer.Domain.Triggers;

/// <summary>Chooses the times of a backfill. Pure.</summary>
public static class BackfillPlan
{
    /// <summary>The first moment that may be asked for.</summary>
    public static readonly DateTimeOffset Earliest = DateTimeOffset.UnixEpoch;

    /// <summary>Up to how many times are counted, for the words that refuse too many.</summary>
    private const int Countable = 100_000;

    /// <summary>
    /// The scheduled times from <paramref name="from"/> until before <paramref name="to"/>, without jitter, in the order in which they are taken: oldest first, or newest
    /// first with <paramref name="reverse"/>; the first <paramref name="limit"/> of them. There is one at least, and there are no more than <see cref="Backfill.MaxTimes"/>
    /// between the two, whatever the limit.
    /// </summary>
    public static Result<IReadOnlyList<DateTimeOffset>> Choose(
        ScheduleRule schedule, DateTimeOffset from, DateTimeOffset to, DateTimeOffset now, int? limit, bool reverse)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        if (from < Earliest) return Error.Invalid("/from", $"from must be {TriggerWriter.Text(Earliest)} or later.");
        if (from >= to) return Error.Invalid("/to", $"to must be later than from, and {TriggerWriter.Text(to)} is not later than {TriggerWriter.Text(from)}.");
        if (to > now) return Error.Invalid("/to", $"to is {TriggerWriter.Text(to)}, which has not come yet: what is to come the trigger runs by itself.");
        var times = new List<DateTimeOffset>();
        var count = 0;
        // A schedule says what comes after a moment; the first moment belongs to the span.
        for (var next = schedule.NextAfter(from.AddTicks(-1)); next is { } time && time < to && count <= Countable; next = schedule.NextAfter(time), count++)
        {
            if (count < Backfill.MaxTimes) times.Add(time);
        }

        if (count == 0) return Error.Invalid("/from", $"The schedule has no time from {TriggerWriter.Text(from)} until before {TriggerWriter.Text(to)}.");
        if (count > Backfill.MaxTimes)
        {
            var many = count > Countable ? $"more than {Number(Countable)}" : Number(count);
            return Error.Invalid("/to", $"The schedule has {many} times in that span, and {Number(Backfill.MaxTimes)} are the most of one backfill. Take a shorter span.");
        }

        if (reverse) times.Reverse();
        return times[..Math.Min(limit ?? times.Count, times.Count)];
    }

    private static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>What is to be done of a backfill now. Pure; whoever asks holds its row, so that what it says still holds when it is done.</summary>
/// <param name="Make">How many of its next times become events.</param>
/// <param name="State">Where it stands then.</param>
/// <param name="Reason">Why it was cancelled, where this cancels it.</param>
public sealed record BackfillStep(int Make, BackfillState State, string? Reason)
{
    /// <summary>
    /// The step of one that has not ended: <paramref name="left"/> times are no events yet, and <paramref name="active"/> events are open or have runs that have not ended.
    /// <paramref name="gone"/> says why nothing more can come of it; <paramref name="held"/> that its pipeline is paused.
    /// </summary>
    public static BackfillStep Of(BackfillState state, int left, int active, int parallel, bool held, string? gone) => state switch
    {
        BackfillState.Cancelling => new(0, active == 0 ? BackfillState.Cancelled : state, null),
        _ when left == 0 && active == 0 => new(0, BackfillState.Completed, null),
        // Its runs that are there go on, as those of a trigger do that is deleted.
        _ when gone is not null => new(0, BackfillState.Cancelled, gone),
        BackfillState.Running when !held => new(Math.Clamp(parallel - active, 0, left), state, null),
        _ => new(0, state, null),
    };
}
