using System.Diagnostics;
using System.Security.Cryptography;

namespace Gofer.Application.Objects;

/// <summary>Passes an upload through to a store, counts and digests it, ends it where it becomes too long, and says from time to time that it goes on.</summary>
internal sealed class UploadStream(Stream from, long limit, Func<CancellationToken, Task> renew) : Stream
{
    /// <summary>How often a long upload is said to go on; far more often than it would be given up.</summary>
    private static readonly TimeSpan s_pace = TimeSpan.FromMinutes(5);

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _renewedAt = Stopwatch.GetTimestamp();

    public long Count { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => Count; set => throw new NotSupportedException(); }

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

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Objects are read asynchronously.");

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _hash.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>An upload is longer than an object may be.</summary>
internal sealed class ObjectTooLargeException() : Exception("The upload is longer than an object may be.");
