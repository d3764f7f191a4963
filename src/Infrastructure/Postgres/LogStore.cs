using Gofer.Application.Logs;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Postgres.Signals;
using Npgsql;
using ZstdSharp;

namespace Gofer.Infrastructure.Postgres;

/// <summary>Log chunks in a partitioned table: appended by a <see cref="LogAppender"/>, compressed one by one.</summary>
internal sealed class LogStore(NpgsqlDataSource source, Notifier notifier) : ILogStore
{
    private readonly LogAppender _appender = new(source);

    private const string Columns = "task, attempt, seq, stream, first_piece, at, compressed, bytes, transaction, row";

    /// <summary>Older than every transaction that is still open, so no row can come before it any more.</summary>
    private const string NotOvertaken = "and transaction < pg_snapshot_xmin(pg_current_snapshot())";

    /// <inheritdoc/>
    public async Task<LogAppend> AppendAsync(LogOwner owner, IReadOnlyList<LogChunk> chunks, CancellationToken cancellationToken)
    {
        if (chunks.Count == 0) return LogAppend.Stored;
        var stored = await _appender.AppendAsync(owner, PackedChunk.Of(owner.Run, chunks), cancellationToken);
        if (stored == chunks.Count)
        {
            notifier.Changed();
            return LogAppend.Stored;
        }

        if (stored > 0) throw new InvalidOperationException("Two holders of one fence wrote the log of one attempt.");
        return await HoldsAsync(owner, cancellationToken) ? LogAppend.Moved : LogAppend.Fenced;
    }

    /// <inheritdoc/>
    public async Task<LogPosition> PositionAsync(RunId run, int task, int attempt, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            select coalesce(max(seq), 0), coalesce(max(stream_end) filter (where stream = 1), 0),
                coalesce(max(stream_end) filter (where stream = 2), 0), coalesce(max(last_piece), 0)
            from gofer.log_chunks where run_id = $1 and task = $2 and attempt = $3
            """);
        command.Parameters.Add(Sql.P(run.Value));
        command.Parameters.Add(Sql.P(task));
        command.Parameters.Add(Sql.P(attempt));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return new LogPosition(row.GetInt32(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3));
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogChunk>> ReadTaskAsync(
        RunId run, int task, int? attempt, LogStream? stream, (int Attempt, int Seq) after, int limit, CancellationToken cancellationToken) =>
        ReadTaskAsync("(attempt, seq) > ($5, $6) order by attempt, seq", run, task, attempt, stream, after, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogChunk>> ReadTaskBackwardsAsync(
        RunId run, int task, int? attempt, LogStream? stream, (int Attempt, int Seq) before, int limit, CancellationToken cancellationToken) =>
        ReadTaskAsync("(attempt, seq) < ($5, $6) order by attempt desc, seq desc", run, task, attempt, stream, before, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogChunk>> ReadRunAsync(
        RunId run, LogStream? stream, LogArrival after, bool settled, int limit, CancellationToken cancellationToken) =>
        ReadRunAsync(
            $"(transaction, row) > ($3, $4) {(settled ? "" : NotOvertaken)} order by transaction, row",
            run, stream, after, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogChunk>> ReadRunBackwardsAsync(
        RunId run, LogStream? stream, LogArrival? before, bool settled, int limit, CancellationToken cancellationToken) =>
        ReadRunAsync(
            $"(transaction, row) < ($3, $4) {(settled ? "" : NotOvertaken)} order by transaction desc, row desc",
            run, stream, before ?? new LogArrival(long.MaxValue, long.MaxValue), limit, cancellationToken);

    private async Task<IReadOnlyList<LogChunk>> ReadTaskAsync(
        string place, RunId run, int task, int? attempt, LogStream? stream, (int Attempt, int Seq) at, int limit, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"""
            select {Columns} from gofer.log_chunks
            where run_id = $1 and task = $2 and ($3::int is null or attempt = $3) and ($4::smallint is null or stream = $4) and {place} limit $7
            """);
        command.Parameters.Add(Sql.P(run.Value));
        command.Parameters.Add(Sql.P(task));
        command.Parameters.Add(Sql.P(attempt));
        command.Parameters.Add(Sql.P((short?)stream));
        command.Parameters.Add(Sql.P(at.Attempt));
        command.Parameters.Add(Sql.P(at.Seq));
        command.Parameters.Add(Sql.P(limit));
        return await ReadAsync(command, cancellationToken);
    }

    private async Task<IReadOnlyList<LogChunk>> ReadRunAsync(
        string place, RunId run, LogStream? stream, LogArrival at, int limit, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"select {Columns} from gofer.log_chunks where run_id = $1 and ($2::smallint is null or stream = $2) and {place} limit $5");
        command.Parameters.Add(Sql.P(run.Value));
        command.Parameters.Add(Sql.P((short?)stream));
        command.Parameters.Add(new NpgsqlParameter { Value = at.Transaction, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Xid8 });
        command.Parameters.Add(Sql.P(at.Row));
        command.Parameters.Add(Sql.P(limit));
        return await ReadAsync(command, cancellationToken);
    }

    private static async Task<IReadOnlyList<LogChunk>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        using var decompressor = new Decompressor();
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var chunks = new List<LogChunk>();
        while (await rows.ReadAsync(cancellationToken))
        {
            var bytes = rows.GetFieldValue<byte[]>(7);
            chunks.Add(new LogChunk(
                rows.GetInt32(0), rows.GetInt32(1), rows.GetInt32(2), (LogStream)rows.GetInt16(3), rows.GetInt64(4),
                rows.GetFieldValue<DateTimeOffset>(5), rows.GetBoolean(6) ? decompressor.Unwrap(bytes).ToArray() : bytes)
            {
                Arrival = new LogArrival(rows.GetFieldValue<ulong>(8), rows.GetInt64(9)),
            });
        }

        return chunks;
    }

    private async Task<bool> HoldsAsync(LogOwner owner, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            select exists (select from gofer.task_executions where run_id = $1 and task = $2 and worker_id = $3 and fence = $4)
                and exists (select from gofer.workers where id = $3 and lease_until > now())
            """);
        command.Parameters.Add(Sql.P(owner.Run.Value));
        command.Parameters.Add(Sql.P(owner.Task));
        command.Parameters.Add(Sql.P(owner.Worker.Value));
        command.Parameters.Add(Sql.P(owner.Fence));
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}
