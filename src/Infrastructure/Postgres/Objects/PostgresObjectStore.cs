using Gofer.Application.Objects;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Objects;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Objects;

/// <summary>
/// Bytes in Gofer's own database, for installs that keep few of them: in pieces, each a row and a statement of its own, with no connection held
/// between two. Committed before the object is, by one log: an object that is there has all of its pieces, whatever crashed.
/// </summary>
internal sealed class PostgresObjectStore(NpgsqlDataSource source) : IObjectStore
{
    /// <summary>Bytes of a piece.</summary>
    private const int Piece = 1 << 20;

    /// <summary>Pieces that one statement deletes; one for all of them might take longer than a statement may.</summary>
    private const int DeletedAtOnce = 64;

    /// <inheritdoc/>
    public string Place => "postgres";

    /// <inheritdoc/>
    public Task WriteAsync(BlobId blob, Stream content, CancellationToken cancellationToken) => Pieces.WriteAsync(
        content, Piece,
        async (number, bytes, token) =>
        {
            await using var command = source.CreateCommand("insert into gofer.object_chunks (blob, number, data) values ($1, $2, $3)");
            command.Parameters.Add(Sql.P(blob.Value));
            command.Parameters.Add(Sql.P(number));
            command.Parameters.Add(Sql.P(bytes));
            await command.ExecuteNonQueryAsync(token);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<Stream?> OpenAsync(BlobId blob, long offset, CancellationToken cancellationToken) => Pieces.OpenAsync(
        Piece, offset,
        async (number, from, token) =>
        {
            await using var command = source.CreateCommand("select data from gofer.object_chunks where blob = $1 and number = $2");
            command.Parameters.Add(Sql.P(blob.Value));
            command.Parameters.Add(Sql.P(number));
            return await command.ExecuteScalarAsync(token) is byte[] data ? new MemoryStream(data, Math.Min(from, data.Length), data.Length - Math.Min(from, data.Length)) : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task DeleteAsync(BlobId blob, CancellationToken cancellationToken)
    {
        int deleted;
        do
        {
            await using var command = source.CreateCommand(
                "delete from gofer.object_chunks where blob = $1 and number in (select number from gofer.object_chunks where blob = $1 order by number limit $2)");
            command.Parameters.Add(Sql.P(blob.Value));
            command.Parameters.Add(Sql.P(DeletedAtOnce));
            deleted = await command.ExecuteNonQueryAsync(cancellationToken);
        }
        while (deleted == DeletedAtOnce);
    }
}
