using Gofer.Domain.Common;

namespace Gofer.Application.Objects;

/// <summary>The bytes of an object as a stream that can be read from any place: nothing is read from the store before it is asked for.</summary>
internal sealed class ObjectStream(IObjectStore store, BlobId blob, long length) : ReadOnlyStream
{
    private Stream? _open;
    private long _openAt;

    public override bool CanSeek => true;

    public override long Length => length;

    public override long Position { get; set; }

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => Position,
        _ => length,
    };

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Position >= length || buffer.Length == 0) return 0;
        if (_open is null || _openAt != Position)
        {
            if (_open is not null) await _open.DisposeAsync();
            _open = await store.OpenAsync(blob, Position, cancellationToken) ?? throw Gone();
        }

        var read = await _open.ReadAsync(buffer, cancellationToken);
        if (read == 0) throw Gone();
        _openAt = Position += read;
        return read;
    }

    public override async ValueTask DisposeAsync()
    {
        if (_open is not null) await _open.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _open?.Dispose();
        base.Dispose(disposing);
    }

    private static ObjectGoneException Gone() => new();
}

/// <summary>An object was deleted, or replaced long ago, while it was read.</summary>
public sealed class ObjectGoneException() : Exception("The object was deleted or replaced while it was read.");
