using System.Collections.Concurrent;
using Gofer.Application.Logs;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>
/// Writes log chunks: appends that came while a transaction was under way share the next one, so a crowd of short tasks costs few commits.
/// Each append is stored whole or not at all, under the fence of its execution; one that the database refuses is tried alone, so it fails alone.
/// </summary>
internal sealed class LogAppender(NpgsqlDataSource source)
{
    /// <summary>Appends that share one transaction at most.</summary>
    private const int LargestBatch = 500;

    /// <summary>Bytes that one transaction takes, but for the append that goes beyond.</summary>
    private const int LargestBytes = 4 * 1024 * 1024;

    private readonly ConcurrentQueue<Waiting> _queue = new();
    private int _writing;

    /// <summary>How many of the chunks were stored: all of them, or fewer where the fence or an earlier chunk was in the way.</summary>
    public Task<int> AppendAsync(LogOwner owner, IReadOnlyList<PackedChunk> chunks, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(owner, chunks);
        _queue.Enqueue(waiting);
        if (Interlocked.CompareExchange(ref _writing, 1, 0) == 0) _ = Task.Run(WriteAsync, CancellationToken.None);
        return waiting.Stored.Task.WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Adds chunks to a transaction that ends their attempts. It holds the run's lock and has seen the fence, and nothing of these chunks was
    /// ever sent before, so each of them is stored or the transaction fails.
    /// </summary>
    public static void Write(Writes writes, IReadOnlyList<PackedChunk> chunks)
    {
        if (chunks.Count == 0) return;
        writes.Demand(
            chunks.Count,
            """
            insert into gofer.log_chunks (run_id, task, attempt, seq, stream, stream_end, first_piece, last_piece, compressed, bytes)
            select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            Sql.P(chunks.Select(c => c.Run.Value).ToArray()),
            Sql.P(chunks.Select(c => c.Chunk.Task).ToArray()),
            Sql.P(chunks.Select(c => c.Chunk.Attempt).ToArray()),
            Sql.P(chunks.Select(c => c.Chunk.Seq).ToArray()),
            Sql.P(chunks.Select(c => (short)c.Chunk.Stream).ToArray()),
            Sql.P(chunks.Select(c => c.Chunk.StreamEnd).ToArray()),
            Sql.P(chunks.Select(c => c.Chunk.FirstPiece).ToArray()),
            Sql.P(chunks.Select(c => c.Chunk.LastPiece).ToArray()),
            Sql.P(chunks.Select(c => c.Compressed).ToArray()),
            Sql.P(chunks.Select(c => c.Bytes).ToArray()));
    }

    private async Task WriteAsync()
    {
        do
        {
            while (Take() is { Count: > 0 } batch) await WriteAsync(batch);
            Interlocked.Exchange(ref _writing, 0);
        }
        while (!_queue.IsEmpty && Interlocked.CompareExchange(ref _writing, 1, 0) == 0);
    }

    /// <summary>The next batch, in which no attempt stands twice: what was stored is counted by attempt.</summary>
    private List<Waiting> Take()
    {
        var batch = new List<Waiting>();
        var attempts = new HashSet<(Guid, int, int)>();
        for (var bytes = 0; batch.Count < LargestBatch && bytes < LargestBytes && _queue.TryPeek(out var next);)
        {
            if (!attempts.Add(next.Attempt)) break;
            _queue.TryDequeue(out _); // there is one reader
            batch.Add(next);
            bytes += next.Chunks.Sum(c => c.Bytes.Length);
        }

        return batch;
    }

    private async Task WriteAsync(IReadOnlyList<Waiting> batch)
    {
        try
        {
            var stored = await StoreAsync(batch);
            foreach (var waiting in batch) waiting.Stored.TrySetResult(stored.GetValueOrDefault(waiting.Attempt));
        }
        catch (PostgresException) when (batch.Count > 1)
        {
            foreach (var waiting in batch) await WriteAsync([waiting]);
        }
        // Whatever it is, it is the waiting callers' to judge, and the next batch is written all the same.
#pragma warning disable CA1031
        catch (Exception e)
#pragma warning restore CA1031
        {
            foreach (var waiting in batch) waiting.Stored.TrySetException(e);
        }
    }

    /// <summary>
    /// The lock on the workers' rows, the same as that of every transaction of theirs, keeps a sweep from giving their tasks away until the
    /// chunks are in, so none comes in under an old fence. It does not hold the tasks' rows: the engine's own writes go on. A lease that ran
    /// out is not locked, or a worker that only writes logs would keep the sweep from it.
    /// </summary>
    private async Task<Dictionary<(Guid, int, int), int>> StoreAsync(IReadOnlyList<Waiting> batch)
    {
        var chunks = batch.SelectMany((w, n) => w.Chunks.Select(c => (Place: n, Packed: c))).ToList();
        await using var commands = source.CreateBatch();
        commands.BatchCommands.Add(Sql.Command(
            "select from gofer.workers where id = any($1) and lease_until > now() order by id for key share",
            Sql.P(batch.Select(w => w.Owner.Worker.Value).Distinct().ToArray())));
        commands.BatchCommands.Add(Sql.Command(
            """
            with held as (
                select o.place, o.run_id, o.task, o.attempt
                from unnest($1, $2, $3, $4, $5, $6) as o (place, run_id, task, attempt, worker_id, fence)
                join lateral (select from gofer.task_executions e
                    where e.run_id = o.run_id and e.task = o.task and e.worker_id = o.worker_id and e.fence = o.fence offset 0) e on true
                join lateral (select from gofer.workers w where w.id = o.worker_id and w.lease_until > now() offset 0) w on true),
            stored as (
                insert into gofer.log_chunks (run_id, task, attempt, seq, stream, stream_end, first_piece, last_piece, compressed, bytes)
                select h.run_id, h.task, h.attempt, c.seq, c.stream, c.stream_end, c.first_piece, c.last_piece, c.compressed, c.bytes
                from unnest($7, $8, $9, $10, $11, $12, $13, $14) as c (place, seq, stream, stream_end, first_piece, last_piece, compressed, bytes)
                join held h on h.place = c.place order by c.place, c.seq
                on conflict do nothing returning run_id, task, attempt)
            select run_id, task, attempt, count(*)::int from stored group by run_id, task, attempt
            """,
            Sql.P(Enumerable.Range(0, batch.Count).ToArray()),
            Sql.P(batch.Select(w => w.Owner.Run.Value).ToArray()),
            Sql.P(batch.Select(w => w.Owner.Task).ToArray()),
            Sql.P(batch.Select(w => w.Owner.Attempt).ToArray()),
            Sql.P(batch.Select(w => w.Owner.Worker.Value).ToArray()),
            Sql.P(batch.Select(w => w.Owner.Fence).ToArray()),
            Sql.P(chunks.Select(c => c.Place).ToArray()),
            Sql.P(chunks.Select(c => c.Packed.Chunk.Seq).ToArray()),
            Sql.P(chunks.Select(c => (short)c.Packed.Chunk.Stream).ToArray()),
            Sql.P(chunks.Select(c => c.Packed.Chunk.StreamEnd).ToArray()),
            Sql.P(chunks.Select(c => c.Packed.Chunk.FirstPiece).ToArray()),
            Sql.P(chunks.Select(c => c.Packed.Chunk.LastPiece).ToArray()),
            Sql.P(chunks.Select(c => c.Packed.Compressed).ToArray()),
            Sql.P(chunks.Select(c => c.Packed.Bytes).ToArray())));
        var stored = new Dictionary<(Guid, int, int), int>();
        await using var rows = await commands.ExecuteReaderAsync(CancellationToken.None);
        await rows.NextResultAsync(CancellationToken.None);
        while (await rows.ReadAsync(CancellationToken.None)) stored.Add((rows.GetGuid(0), rows.GetInt32(1), rows.GetInt32(2)), rows.GetInt32(3));
        return stored;
    }

    private sealed record Waiting(LogOwner Owner, IReadOnlyList<PackedChunk> Chunks)
    {
        public (Guid, int, int) Attempt => (Owner.Run.Value, Owner.Task, Owner.Attempt);

        public TaskCompletionSource<int> Stored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
