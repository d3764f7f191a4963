using Gofer.Application.Objects;

namespace Gofer.Infrastructure.Objects;

/// <summary>
/// Bytes as pieces of one size but for the last, which is shorter: for stores that take what they take whole. Neither side holds more than one
/// piece. An empty object has one empty piece, so what is there can be told from what is not.
/// </summary>
internal static class Pieces
{
    private const int Smallest = 64 * 1024;

    /// <summary>Hands the pieces over in their order, each once the one before it is kept.</summary>
    public static async Task WriteAsync(Stream content, int size, Func<int, ReadOnlyMemory<byte>, CancellationToken, Task> keep, CancellationToken cancellationToken)
    {
        // What is small costs little, however many come at once.
        var buffer = new byte[Math.Min(size, Smallest)];
        for (var number = 0; ; number++)
        {
            var read = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            while (read == buffer.Length && read < size)
            {
                Array.Resize(ref buffer, Math.Min(size, 4 * buffer.Length));
                read += await content.ReadAtLeastAsync(buffer.AsMemory(read), buffer.Length - read, throwOnEndOfStream: false, cancellationToken);
            }

            if (read > 0 || number == 0) await keep(number, buffer.AsMemory(0, read), cancellationToken);
            if (read < size) return;
        }
    }

    /// <summary>
    /// The bytes from <paramref name="offset"/> on; <paramref name="open"/> gives the rest of a piece from a byte of it on, or null where there is no such
    /// piece. None is opened before it is wanted. Null where there is not even the first.
    /// </summary>
    public static async Task<Stream?> OpenAsync(int size, long offset, Func<int, int, CancellationToken, Task<Stream?>> open, CancellationToken cancellationToken)
    {
        var (number, from) = ((int)(offset / size), (int)(offset % size));
        var first = await open(number, from, cancellationToken);
        if (first is null && number > 0 && from == 0)
        {
            // The place right behind the last piece is one of the object's too.
            await using var last = await open(number - 1, size - 1, cancellationToken);
            if (last is not null) return Stream.Null;
        }

        return first is null ? null : new PieceStream(size, number, from, first, open);
    }

    private sealed class PieceStream(int size, int number, int from, Stream first, Func<int, int, CancellationToken, Task<Stream?>> open) : ReadOnlyStream
    {
        private Stream? _piece = first;
        private int _number = number;
        private int _at = from;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (_piece is not null && buffer.Length > 0)
            {
                var read = await _piece.ReadAsync(buffer, cancellationToken);
                _at += read;
                if (read > 0) return read;
                await _piece.DisposeAsync();
                _piece = _at == size ? await open(++_number, 0, cancellationToken) : null;
                _at = 0;
            }

            return 0;
        }

        public override async ValueTask DisposeAsync()
        {
            if (_piece is not null) await _piece.DisposeAsync();
            await base.DisposeAsync();
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) _piece?.Dispose();
            base.Dispose(disposing);
        }
    }
}
