using System.Globalization;
using System.Runtime.CompilerServices;
using Gofer.Application.Common;
using Gofer.Application.Events;
using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Application.Logs;

/// <summary>Which output of a run is wanted; a null task wants all of them in order of arrival.</summary>
public sealed record LogQuery(RunScope Scope, int? Task, int? Attempt, LogStream? Stream, int? Tail)
{
    /// <summary>Where the output lies: in an earlier run, where a rerun took the task's success over.</summary>
    internal (RunId Run, int Task)? Source { get; init; }

    internal RunId Run => Source?.Run ?? Scope.Run.Id;

    internal int? Index => Source?.Task ?? Task;
}

/// <summary>
/// One line, or the part of one that a chunk holds (<paramref name="Eol"/> says whether its end is there). <paramref name="Seq"/> numbers it
/// in its attempt; <paramref name="ResumeId"/> is the place to go on after it.
/// </summary>
public readonly record struct LogLine(
    string Task, int Attempt, LogStream Stream, long Seq, DateTimeOffset Time, ReadOnlyMemory<byte> Bytes, bool Eol, string ResumeId);

/// <summary>Reads and follows stored output; never asks a scheduler.</summary>
public sealed class LogReader(ILogStore store, IServiceScopeFactory scopes, IChanges changes)
{
    private const int Step = 32;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>The bytes as they were, chunk by chunk, as far as they are stored now.</summary>
    public async IAsyncEnumerable<LogChunk> ChunksAsync(LogQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        query = await LocateAsync(query, cancellationToken);
        var place = await StartAsync(query, settled: true, cancellationToken);
        if (place.First is { } first) yield return first;
        while (true)
        {
            var chunks = await ReadAsync(query, place, settled: true, cancellationToken);
            if (chunks.Count == 0) yield break;
            foreach (var chunk in chunks) yield return chunk;
            place = LogPlace.Of(query.Task is null, chunks[^1], 0);
        }
    }

    /// <summary>
    /// Lines from the start, from the tail, or after <paramref name="resume"/>, until what is followed has ended and all of it was given.
    /// </summary>
    public async IAsyncEnumerable<LogLine> FollowAsync(LogQuery query, LogPlace? resume, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        query = await LocateAsync(query, cancellationToken);
        var place = resume ?? await StartAsync(query, await HasEndedAsync(query, cancellationToken), cancellationToken);
        if (place.First is { } first)
        {
            foreach (var line in Lines(query, first, 0, place.FirstOffset)) yield return line;
        }

        // A place inside a chunk: that chunk is read again and its first pieces are left out.
        var skip = place.Piece;
        place = place.BeforeChunk();
        while (true)
        {
            var mark = changes.Mark;
            // Read before the chunks: the output of what had ended is stored, so an empty read of all of it is the end.
            var ended = await HasEndedAsync(query, cancellationToken);
            var chunks = await ReadAsync(query, place, ended, cancellationToken);
            foreach (var chunk in chunks)
            {
                foreach (var line in Lines(query, chunk, skip)) yield return line;
                skip = 0;
            }

            if (chunks.Count > 0) place = LogPlace.Of(query.Task is null, chunks[^1], 0);
            else if (ended) yield break;
            else await changes.WaitAsync(mark, Poll, cancellationToken);
        }
    }

    /// <summary>The lines of a chunk after its first <paramref name="skip"/>; a chunk that was cut lacks its first <paramref name="offset"/>.</summary>
    private static IEnumerable<LogLine> Lines(LogQuery query, LogChunk chunk, int skip, int offset = 0)
    {
        var start = 0;
        for (var n = 0; start < chunk.Bytes.Length; n++)
        {
            var end = chunk.Bytes.Span[start..].IndexOf((byte)'\n');
            var eol = end >= 0;
            var bytes = eol ? chunk.Bytes.Slice(start, end) : chunk.Bytes[start..];
            start += bytes.Length + (eol ? 1 : 0);
            if (n < skip) continue;
            yield return new LogLine(
                query.Scope.Graph.Nodes[query.Task ?? chunk.Task].Id, chunk.Attempt, chunk.Stream, chunk.FirstPiece + n, chunk.At, bytes, eol,
                LogPlace.Of(query.Task is null, chunk, offset + n + 1).ToString());
        }
    }

    private Task<IReadOnlyList<LogChunk>> ReadAsync(LogQuery query, LogPlace place, bool settled, CancellationToken cancellationToken) => query.Index is { } task
        ? store.ReadTaskAsync(query.Run, task, query.Attempt, query.Stream, (place.Attempt, place.Chunk), Step, cancellationToken)
        : store.ReadRunAsync(query.Run, query.Stream, place.Arrival, settled, Step, cancellationToken);

    /// <summary>Where the last <see cref="LogQuery.Tail"/> lines begin: found backwards, so that a long log is not read for its end.</summary>
    private async Task<LogPlace> StartAsync(LogQuery query, bool settled, CancellationToken cancellationToken)
    {
        if (query.Tail is not { } wanted) return default;
        LogChunk? oldest = null;
        var place = new LogPlace(int.MaxValue, int.MaxValue, default, 0);
        LogArrival? before = null;
        while (true)
        {
            var chunks = query.Index is { } task
                ? await store.ReadTaskBackwardsAsync(query.Run, task, query.Attempt, query.Stream, (place.Attempt, place.Chunk), Step, cancellationToken)
                : await store.ReadRunBackwardsAsync(query.Run, query.Stream, before, settled, Step, cancellationToken);
            foreach (var chunk in chunks)
            {
                var starts = LineStarts(chunk);
                if (oldest is null && wanted == 0) return LogPlace.Of(query.Task is null, chunk, 0);
                oldest = chunk;
                if (starts.Count < wanted)
                {
                    wanted -= starts.Count;
                    continue;
                }

                // The chunk holds the first wanted line: it is given cut, and what follows is read after it.
                var cut = chunk with { Bytes = chunk.Bytes[starts[^wanted]..], FirstPiece = chunk.FirstPiece + starts.Count - wanted };
                return LogPlace.Of(query.Task is null, chunk, 0) with { First = cut, FirstOffset = starts.Count - wanted };
            }

            if (chunks.Count < Step) return default; // fewer lines than wanted: from the start
            place = LogPlace.Of(query.Task is null, chunks[^1], 0);
            before = chunks[^1].Arrival;
        }
    }

    /// <summary>Where lines begin in a chunk; a chunk begins one, or goes on with one.</summary>
    private static List<int> LineStarts(LogChunk chunk)
    {
        var starts = new List<int> { 0 };
        var bytes = chunk.Bytes.Span;
        for (var i = 0; i < bytes.Length - 1; i++)
        {
            if (bytes[i] == (byte)'\n') starts.Add(i + 1);
        }

        return starts;
    }

    private async Task<LogQuery> LocateAsync(LogQuery query, CancellationToken cancellationToken)
    {
        if (query.Task is not { } task || query.Scope.Run.RerunOf is null) return query;
        await using var services = scopes.CreateAsyncScope();
        var run = query.Scope.Run.Id;
        var row = await services.ServiceProvider.GetRequiredService<IGoferDb>().Tasks.AsNoTracking()
            .Where(t => t.RunId == run && t.Task == task).Select(t => new { t.ReusedRun, t.ReusedTask }).SingleAsync(cancellationToken);
        return row is { ReusedRun: { } source, ReusedTask: { } index } ? query with { Source = (source, index) } : query;
    }

    private async Task<bool> HasEndedAsync(LogQuery query, CancellationToken cancellationToken)
    {
        await using var services = scopes.CreateAsyncScope();
        var db = services.ServiceProvider.GetRequiredService<IGoferDb>();
        var run = query.Scope.Run.Id;
        if (query.Task is { } task)
        {
            var state = await db.Tasks.AsNoTracking().Where(t => t.RunId == run && t.Task == task).Select(t => t.State).SingleAsync(cancellationToken);
            return state.IsFinal();
        }

        return (await db.Runs.AsNoTracking().Where(r => r.Id == run).Select(r => r.State).SingleAsync(cancellationToken)).IsFinal();
    }
}

/// <summary>
/// A place in a task's log (attempt, chunk) or a run's (arrival), after <paramref name="Piece"/> pieces of the chunk where it is inside one.
/// </summary>
public readonly record struct LogPlace(int Attempt, int Chunk, LogArrival Arrival, int Piece)
{
    /// <summary>A chunk, already cut, that comes before what is read from here.</summary>
    internal LogChunk? First { get; init; }

    /// <summary>How many pieces were cut from <see cref="First"/>.</summary>
    internal int FirstOffset { get; init; }

    private bool OfRun => Attempt == 0 && Arrival != default;

    /// <summary>Reads what <see cref="ToString"/> wrote; false where it is none of ours.</summary>
    public static bool TryParse(string text, bool ofRun, out LogPlace place)
    {
        place = default;
        var parts = text.Split('-');
        if (parts.Length != 3 || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var piece)) return false;
        if (ofRun)
        {
            if (!ulong.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var transaction)) return false;
            if (!long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var row)) return false;
            place = new LogPlace(0, 0, new LogArrival(transaction, row), piece);
            return true;
        }

        if (!int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var attempt)) return false;
        if (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var chunk)) return false;
        place = new LogPlace(attempt, chunk, default, piece);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => OfRun
        ? string.Create(CultureInfo.InvariantCulture, $"{Arrival.Transaction}-{Arrival.Row}-{Piece}")
        : string.Create(CultureInfo.InvariantCulture, $"{Attempt}-{Chunk}-{Piece}");

    internal static LogPlace Of(bool ofRun, LogChunk chunk, int piece) => ofRun
        ? new LogPlace(0, 0, chunk.Arrival, piece)
        : new LogPlace(chunk.Attempt, chunk.Seq, default, piece);

    /// <summary>The place from which the chunk itself is read again, where this is inside one.</summary>
    internal LogPlace BeforeChunk() => Piece == 0
        ? this
        : this with { Chunk = Chunk - 1, Arrival = Arrival with { Row = Arrival.Row - 1 }, Piece = 0, First = null };
}
