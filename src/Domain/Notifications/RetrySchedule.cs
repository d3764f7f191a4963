using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Gofer.Domain.Notifications;

/// <summary>
/// When a delivery that did not arrive is tried again: exponential with full jitter, as <see cref="Pipelines.RetryPolicy"/> has it for tasks. The draw is a function of
/// the delivery and its attempts, so every process comes to the same one.
/// </summary>
public static class RetrySchedule
{
    /// <summary>Attempts in all; the first counts.</summary>
    public const int MaxAttempts = 12;

    /// <summary>What each further failure multiplies the wait with.</summary>
    public const int Factor = 3;

    /// <summary>The longest wait after the first failure.</summary>
    public static TimeSpan First { get; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest wait of all, also where the target asks for more.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromHours(1);

    /// <summary>From the first attempt to the last where every wait is the longest.</summary>
    public static TimeSpan LongestAltogether { get; } = Enumerable.Range(1, MaxAttempts - 1).Aggregate(TimeSpan.Zero, (sum, failures) => sum + LongestDelay(failures));

    /// <summary>The longest wait after that many failed attempts.</summary>
    public static TimeSpan LongestDelay(int failures)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failures, 1);
        var grown = First.TotalMilliseconds * Math.Pow(Factor, failures - 1);
        return grown < Longest.TotalMilliseconds ? TimeSpan.FromMilliseconds(grown) : Longest;
    }

    /// <summary>
    /// The wait after that many failed attempts, drawn evenly from nothing to <see cref="LongestDelay"/>, and no shorter than the target asked for; null where it is not
    /// tried again.
    /// </summary>
    public static TimeSpan? Delay(Guid delivery, int failures, TimeSpan? retryAfter = null)
    {
        if (failures >= MaxAttempts) return null;
        var drawn = LongestDelay(failures) * Draw(delivery, failures);
        var asked = retryAfter > Longest ? Longest : retryAfter ?? TimeSpan.Zero;
        return drawn > asked ? drawn : asked;
    }

    /// <summary>Evenly spread over [0, 1).</summary>
    private static double Draw(Guid delivery, int failures)
    {
        Span<byte> key = stackalloc byte[20];
        delivery.TryWriteBytes(key);
        BinaryPrimitives.WriteInt32LittleEndian(key[16..], failures);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, hash);
        return (BinaryPrimitives.ReadUInt64LittleEndian(hash) >> 11) * (1.0 / (1UL << 53));
    }
}
