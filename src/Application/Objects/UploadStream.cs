using System.Diagnostics;
using System.Security.Cryptography;

namespace Gofer.Application.Objects;

/// <summary>Passes an upload through to a store, counts and digests it, ends it where it becomes too long, and says from time to time that it goes on.</summary>
internal sealed class UploadStream(Stream from, long limit, Func<CancellationToken, Task> renew) : ReadOnlyStream
{
    /// <summary>How often a long upload is said to go on; far more often than it would be given up.</summary>
    private static readonly TimeSpan s_pace = TimeSpan.FromMinutes(5);

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _renewedAt = Stopwatch.GetTimestamp();

    public long Count { get; private set; }

    /// <summary>The digest of all that was read.</summary>
    public byte[] Digest() => _hash.GetCurrentHash();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await from.ReadAsync(buffer, cancellationToken);
        _hash.AppendData(buffer.Span[..read]);
        Count += read;
        if (Count > limit) throw new ObjectTooLargeException();
        if (Stopwatch.GetElapsedTime(_renewedAt) > s_pace)
        {
            await renew(cancellationToken);
            _renewedAt = Stopwatch.GetTimestamp();
        }

        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _hash.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>An upload is longer than an object may be.</summary>
internal sealed class ObjectTooLargeException() : Exception("The upload is longer than an object may be.");
