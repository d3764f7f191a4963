using Gofer.Application.Objects;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Objects;

/// <summary>
/// Bytes in Gofer's own database, for installs that keep few of them: in pieces, each a row and a statement of its own, so that neither side
/// ever holds more than one. Committed before the object is, by one log: an object that is there has all of its pieces, whatever crashed.
/// </summary>
internal sealed class PostgresObjectStore(NpgsqlDataSource source) : IObjectStore
{
    /// <summary>Bytes of a piece.</summary>
    public const int Piece = 1 << 20;

    /// <inheritdoc/>
    public async Task WriteAsync(BlobId blob, Stream content, CancellationToken cancellationToken)
    {
        var buffer = new byte[Piece];
        for (var number = 0; ; number++)
        {
            var read = await content.ReadAtLeastAsync(buffer, Piece, throwOnEndOfStream: false, cancellationToken);
            // An empty object has one empty piece: what is there can be told from what is not.
            if (read > 0 || number == 0)
            {
                await using var command = source.CreateCommand("insert into gofer.object_chunks (blob, number, data) values ($1, $2, $3)");
                command.Parameters.Add(Sql.P(blob.Value));
                command.Parameters.Add(Sql.P(number));
                command.Parameters.Add(Sql.P(new ReadOnlyMemory<byte>(buffer, 0, read)));
                await command.ExecuteNonQueryAsync(cancellationToken);
            }

            if (read < Piece) return;
        }
    }

    /// <inheritdoc/>
    public async Task<Stream?> OpenAsync(BlobId blob, long offset, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select exists (select from gofer.object_chunks where blob = $1 and number = 0)");
        command.Parameters.Add(Sql.P(blob.Value));
        return await command.ExecuteScalarAsync(cancellationToken) is true ? new Pieces(source, blob, offset) : null;
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(BlobId blob, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("delete from gofer.object_chunks where blob = $1");
        command.Parameters.Add(Sql.P(blob.Value));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The pieces one after the other, none read before it is wanted, and no connection held between two.</summary>
    private sealed class Pieces(NpgsqlDataSource source, BlobId blob, long offset) : Stream
    {
        private int _number = (int)(offset / Piece);
        private int _from = (int)(offset % Piece);
        private ReadOnlyMemory<byte> _piece;
        private bool _last;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_piece.Length == 0 && !_last) await NextAsync(cancellationToken);
            var read = Math.Min(buffer.Length, _piece.Length);
            _piece[..read].CopyTo(buffer);
            _piece = _piece[read..];
            return read;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Objects are read asynchronously.");

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private async Task NextAsync(CancellationToken cancellationToken)
        {
            await using var command = source.CreateCommand("select data from gofer.object_chunks where blob = $1 and number = $2");
            command.Parameters.Add(Sql.P(blob.Value));
            command.Parameters.Add(Sql.P(_number++));
            var piece = await command.ExecuteScalarAsync(cancellationToken) as byte[] ?? [];
            _last = piece.Length < Piece;
            _piece = piece.AsMemory(Math.Min(_from, piece.Length));
            _from = 0;
        }
    }
}
