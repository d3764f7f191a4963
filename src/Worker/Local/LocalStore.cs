using System.Collections.Concurrent;
using Gofer.Application.Common;
using Gofer.Application.Logs;
using Gofer.Domain.Common;

namespace Gofer.Worker.Local;

/// <summary>
/// Output of a local run goes to whoever watches it; kept is only how much of each attempt did, so that reading which was broken off goes on
/// there. There is no store that could be away.
/// </summary>
internal sealed class LocalStore(ILocalWatcher watcher) : ILogSink, IStoreWatch
{
    private readonly ConcurrentDictionary<(int Task, int Attempt), LogPosition> _positions = [];

    public Task<LogAppend> AppendAsync(LogOwner owner, IReadOnlyList<LogChunk> chunks, CancellationToken cancellationToken)
    {
        Append(chunks);
        return Task.FromResult(LogAppend.Stored);
    }

    public Task<LogPosition> PositionAsync(RunId run, int task, int attempt, CancellationToken cancellationToken) =>
        Task.FromResult(_positions.GetValueOrDefault((task, attempt)));

    /// <summary>Passes chunks of one attempt on.</summary>
    public void Append(IReadOnlyList<LogChunk> chunks)
    {
        foreach (var chunk in chunks)
        {
            watcher.Wrote(chunk.Task, chunk.Stream, chunk.Bytes);
            var had = _positions.GetValueOrDefault((chunk.Task, chunk.Attempt));
            _positions[(chunk.Task, chunk.Attempt)] = chunk.Stream == LogStream.Stdout
                ? new LogPosition(chunk.Seq, chunk.StreamEnd, had.Stderr, chunk.LastPiece)
                : new LogPosition(chunk.Seq, had.Stdout, chunk.StreamEnd, chunk.LastPiece);
        }
    }

    public bool IsTrouble(Exception e) => false;

    public bool IsAway(Exception e) => false;

    public Task<bool> JudgeAsync(CancellationToken cancellationToken) => Task.FromResult(true);

    public Task HereAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
