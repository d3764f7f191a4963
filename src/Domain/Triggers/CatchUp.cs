using System.Globalization;
using Gofer.Domain.Common;

namespace Gofer.Domain.Triggers;

/// <summary>How many of the times fire that passed while nothing could fire them: the newest so many.</summary>
public readonly record struct CatchUpPolicy
{
    /// <summary>The largest number.</summary>
    public const int MaxCount = 1000;

    private CatchUpPolicy(int count) => Count = count;

    /// <summary>None of them.</summary>
    public static CatchUpPolicy None { get; } = new(0);

    /// <summary>The newest.</summary>
    public static CatchUpPolicy Last { get; } = new(1);

    /// <summary>All of them.</summary>
    public static CatchUpPolicy All { get; } = new(int.MaxValue);

    /// <summary>How many; <see cref="int.MaxValue"/> for all.</summary>
    public int Count { get; }

    /// <summary>The newest <paramref name="count"/>, 1 to <see cref="MaxCount"/>.</summary>
    public static CatchUpPolicy UpTo(int count) => new(count);

    /// <summary>Reads a word or a number; null where there is none. What is wrong goes into the faults.</summary>
    public static CatchUpPolicy? Read(JsonValue member)
    {
        ArgumentNullException.ThrowIfNull(member);
        if (member.Scalar() is not { } value) return null;
        var text = value.ValueKind == System.Text.Json.JsonValueKind.String ? member.Text() : value.GetRawText();
        switch (text)
        {
            case null: return null;
            case "none": return None;
            case "last": return Last;
            case "all": return All;
            default:
                if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= MaxCount) return UpTo(count);
                member.Invalid($"{member.Label} is {Shown.Quoted(text)}; it must be none, last, all, or a number from 1 to {MaxCount}.");
                return null;
        }
    }

    /// <summary>The word or the number.</summary>
    public override string ToString() => Count switch
    {
        0 => "none",
        1 => "last",
        int.MaxValue => "all",
        _ => Count.ToString(CultureInfo.InvariantCulture),
    };
}

/// <summary>What one pass makes of the times that are due.</summary>
/// <param name="Times">The times in their order, and whether each fires; those that do not were missed.</param>
/// <param name="Next">The first that the pass did not handle; null where the schedule ends.</param>
public sealed record DuePass(IReadOnlyList<(DateTimeOffset ScheduledFor, bool Fires)> Times, DateTimeOffset? Next);

/// <summary>Decides which of the times that are due fire.</summary>
public static class CatchUp
{
    /// <summary>
    /// Handles the due times from <paramref name="next"/> on, at most <paramref name="batch"/> of them; passes that follow each other come to what one without a bound comes
    /// to. A time fires that is late by no more than <paramref name="grace"/>, and one that fewer due times follow than the policy has.
    /// </summary>
    public static DuePass Decide(
        Func<DateTimeOffset, DateTimeOffset?> nextAfter, DateTimeOffset next, DateTimeOffset now, CatchUpPolicy policy, TimeSpan grace, int batch)
    {
        ArgumentNullException.ThrowIfNull(nextAfter);
        var due = new List<DateTimeOffset>();
        // As far beyond the batch as the policy has to see: whether more follow than that decides nothing.
        var most = (long)batch + (policy.Count == int.MaxValue ? 0 : policy.Count);
        DateTimeOffset? after = next;
        while (after is { } time && time <= now && due.Count < most)
        {
            due.Add(time);
            after = nextAfter(time);
        }

        var handled = Math.Min(batch, due.Count);
        var times = new List<(DateTimeOffset, bool)>(handled);
        for (var i = 0; i < handled; i++) times.Add((due[i], now - due[i] <= grace || policy.Count == int.MaxValue || due.Count - 1 - i < policy.Count));
        return new DuePass(times, handled < due.Count ? due[handled] : after);
    }
}
