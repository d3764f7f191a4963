using System.Buffers.Binary;

namespace Gofer.Domain.Triggers;

/// <summary>How much later than its time a schedule fires: the same for the same trigger and time in every process, and spread evenly over triggers.</summary>
public static class Jitter
{
    /// <summary>From nothing to less than <paramref name="jitter"/>.</summary>
    public static TimeSpan Of(Guid trigger, DateTimeOffset scheduledFor, TimeSpan jitter)
    {
        if (jitter <= TimeSpan.Zero) return TimeSpan.Zero;
        Span<byte> bytes = stackalloc byte[24];
        trigger.TryWriteBytes(bytes, bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(bytes[16..], scheduledFor.UtcTicks);
        var hash = BinaryPrimitives.ReadUInt64BigEndian(System.Security.Cryptography.SHA256.HashData(bytes));
        // Whole milliseconds: finer than that nothing fires.
        return TimeSpan.FromMilliseconds(hash % (ulong)Math.Max(1, (long)jitter.TotalMilliseconds));
    }
}
