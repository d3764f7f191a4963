using System.Security.Cryptography;
using Gofer.Application.Objects;
using Gofer.Domain.Common;

namespace Gofer.Tests.Integration.Objects;

/// <summary>What every store of objects promises; each implementation inherits these tests and runs them on the real thing.</summary>
public abstract class ObjectStoreContract
{
    private const int Piece = 1 << 20;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    private protected abstract IObjectStore Store { get; }

    private protected static BlobId New() => new(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Piece - 1)]
    [InlineData(Piece)]
    [InlineData(Piece + 1)]
    [InlineData((3 * Piece) + 7)]
    public async Task What_is_written_is_read_from_any_place_on(int size)
    {
        var (blob, bytes) = (New(), RandomNumberGenerator.GetBytes(size));
        // It comes in whatever portions the network has it in.
        await Store.WriteAsync(blob, new Portions(bytes, size), Ct);
        foreach (var from in new[] { 0, 1, size / 2, Piece - 1, Piece, Piece + 1, size - 1, size }.Where(f => f >= 0 && f <= size).Distinct())
        {
            Assert.Equal(bytes[from..], await ReadAsync(blob, from));
        }
    }

    [Fact]
    public async Task Each_id_has_its_own_bytes_and_a_deleted_one_has_none()
    {
        var (one, other) = (New(), New());
        await Store.WriteAsync(one, new MemoryStream("one"u8.ToArray()), Ct);
        await Store.WriteAsync(other, new MemoryStream("other"u8.ToArray()), Ct);
        await Store.DeleteAsync(one, Ct);
        Assert.Null(await Store.OpenAsync(one, 0, Ct));
        Assert.Equal("other"u8.ToArray(), await ReadAsync(other, 0));
        await Store.DeleteAsync(one, Ct);
        await Store.DeleteAsync(New(), Ct);
        Assert.Null(await Store.OpenAsync(New(), 0, Ct));
    }

    [Fact]
    public async Task An_upload_that_breaks_throws_what_it_threw_and_its_pieces_can_be_deleted()
    {
        var blob = New();
        var broken = await Assert.ThrowsAsync<IOException>(() => Store.WriteAsync(blob, new Portions(new byte[2 * Piece], (2 * Piece) - 10), Ct));
        Assert.Equal("The cable is out.", broken.Message);
        await Store.DeleteAsync(blob, Ct);
        Assert.Null(await Store.OpenAsync(blob, 0, Ct));
    }

    [Fact]
    public async Task An_upload_that_is_cancelled_ends()
    {
        var blob = New();
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.WriteAsync(blob, new Portions(new byte[4 * Piece], 4 * Piece) { At = (Piece, cancelled.Cancel) }, cancelled.Token));
        await Store.DeleteAsync(blob, Ct);
        Assert.Null(await Store.OpenAsync(blob, 0, Ct));
    }

    private async Task<byte[]> ReadAsync(BlobId blob, long from)
    {
        await using var stream = await Store.OpenAsync(blob, from, Ct);
        using var bytes = new MemoryStream();
        await stream!.CopyToAsync(bytes, Ct);
        await stream.DisposeAsync(); // an answer that is sent from it disposes it, and so does whoever opened it
        return bytes.ToArray();
    }

    /// <summary>Bytes that come in portions of all sizes, and end with an error where there are more than <paramref name="whole"/>.</summary>
    private sealed class Portions(byte[] bytes, int whole) : Stream
    {
        private int _at;

        /// <summary>What happens at which byte.</summary>
        public (int Byte, Action Act)? At { get; init; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_at == whole && whole < bytes.Length) throw new IOException("The cable is out.");
            var read = Math.Min(Math.Min(buffer.Length, 1 + (_at % 70_001)), whole - _at);
            bytes.AsSpan(_at, read).CopyTo(buffer.Span);
            if (At is { } at && _at < at.Byte && _at + read >= at.Byte) at.Act();
            _at += read;
            return ValueTask.FromResult(read);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
