using System.Buffers.Binary;
using Gofer.Domain.Common;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// UUIDv7s that only grow within a process, also within a millisecond (RFC 9562, 6.2, method 2: the random part is counted up), so lists that
/// are ordered by id have the runs of one transaction in the order of their numbers.
/// </summary>
internal sealed class RunIds
{
    private readonly Lock _gate = new();
    private UInt128 _last;

    /// <summary>The next id at that time; a clock that went back does not take the ids back.</summary>
    public RunId Next(DateTimeOffset now)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(now).TryWriteBytes(bytes, bigEndian: true, out _);
        lock (_gate)
        {
            var fresh = BinaryPrimitives.ReadUInt128BigEndian(bytes);
            // The 62 low bits are the counter; a fresh id of the same millisecond would be anywhere.
            _last = fresh >> 80 > _last >> 80 ? fresh & ~(UInt128.One << 61) : _last + 1;
            BinaryPrimitives.WriteUInt128BigEndian(bytes, _last);
        }

        return new RunId(new Guid(bytes, bigEndian: true));
    }
}
