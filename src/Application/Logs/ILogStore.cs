using Gofer.Domain.Common;

namespace Gofer.Application.Logs;

/// <summary>Where a container wrote.</summary>
public enum LogStream
{
    /// <summary>Standard output.</summary>
    Stdout = 1,

    /// <summary>Standard error.</summary>
    Stderr = 2,
}

/// <summary>How much of an attempt's output is stored: the newest chunk, the bytes of each stream, the pieces.</summary>
public readonly record struct LogPosition(int LastSeq, long Stdout, long Stderr, long Pieces)
{
    /// <summary>The stored bytes of <paramref name="stream"/>.</summary>
    public long Of(LogStream stream) => stream == LogStream.Stdout ? Stdout : Stderr;
}

/// <summary>
/// Up to 64 KiB of one stream of one attempt. <see cref="FirstPiece"/> numbers its first line, or part of one, from 1 in the attempt,
/// so every line has a number that never changes.
/// </summary>
public sealed record LogChunk(int Task, int Attempt, int Seq, LogStream Stream, long FirstPiece, DateTimeOffset At, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The raw bytes of this stream up to the end of the chunk; needed to append, not set on chunks that were read.</summary>
    public long StreamEnd { get; init; }

    /// <summary>The number of the chunk's last piece; needed to append, not set on chunks that were read.</summary>
    public long LastPiece { get; init; }

    /// <summary>Orders the chunks of a whole run as they arrived; set on chunks that were read.</summary>
    public LogArrival Arrival { get; init; }
}

/// <summary>A place in the order of arrival of a run's chunks: the writing transaction, then the row.</summary>
public readonly record struct LogArrival(ulong Transaction, long Row);

/// <summary>The attempt whose output is written, with the worker and fence that give the right to.</summary>
public sealed record LogOwner(RunId Run, int Task, int Attempt, WorkerId Worker, long Fence);

/// <summary>What became of an append.</summary>
public enum LogAppend
{
    /// <summary>Stored.</summary>
    Stored,

    /// <summary>The worker no longer holds the execution; nothing was stored.</summary>
    Fenced,

    /// <summary>Another holder stored a chunk of that number first; read the position again and go on from there.</summary>
    Moved,
}

/// <summary>Where the output of attempts goes.</summary>
public interface ILogSink
{
    /// <summary>Appends chunks of one attempt, all or none.</summary>
    Task<LogAppend> AppendAsync(LogOwner owner, IReadOnlyList<LogChunk> chunks, CancellationToken cancellationToken);

    /// <summary>How far the attempt's output is stored.</summary>
    Task<LogPosition> PositionAsync(RunId run, int task, int attempt, CancellationToken cancellationToken);
}

/// <summary>Logs of attempts: appended under a fence, read without asking any scheduler.</summary>
public interface ILogStore : ILogSink
{
    /// <summary>
    /// Chunks of a task in order (attempt, then seq) after the given place, at most <paramref name="limit"/>. A null attempt reads all;
    /// <paramref name="stream"/> filters.
    /// </summary>
    Task<IReadOnlyList<LogChunk>> ReadTaskAsync(
        RunId run, int task, int? attempt, LogStream? stream, (int Attempt, int Seq) after, int limit, CancellationToken cancellationToken);

    /// <summary>As <see cref="ReadTaskAsync"/>, but backwards from <paramref name="before"/>; newest first. For tails.</summary>
    Task<IReadOnlyList<LogChunk>> ReadTaskBackwardsAsync(
        RunId run, int task, int? attempt, LogStream? stream, (int Attempt, int Seq) before, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Chunks of all tasks of a run in order of arrival after the given place, at most <paramref name="limit"/>. With
    /// <paramref name="settled"/> false, rows of transactions that others may still overtake are left for a later call, so nobody who goes on
    /// from the last place misses a chunk; any open transaction of the server holds them back. True reads all that is committed: right
    /// where the run has ended, since its last writer has, and where nobody goes on from the place.
    /// </summary>
    Task<IReadOnlyList<LogChunk>> ReadRunAsync(
        RunId run, LogStream? stream, LogArrival after, bool settled, int limit, CancellationToken cancellationToken);

    /// <summary>As <see cref="ReadRunAsync"/>, but backwards from <paramref name="before"/> (null: the end); newest first. For tails.</summary>
    Task<IReadOnlyList<LogChunk>> ReadRunBackwardsAsync(
        RunId run, LogStream? stream, LogArrival? before, bool settled, int limit, CancellationToken cancellationToken);
}
