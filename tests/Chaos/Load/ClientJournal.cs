using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Threading.Channels;

namespace Gofer.Tests.Chaos.Load;

/// <summary>A run that a server acknowledged to a client.</summary>
internal sealed record Acknowledged(Request Request, Guid Run, long Number);

/// <summary>
/// What the clients know, independent of Gofer: requests sent, runs acknowledged, cancels acknowledged. Each line is on the disk before
/// the client goes on.
/// </summary>
internal sealed class ClientJournal : IAsyncDisposable
{
    private readonly Channel<(string Line, TaskCompletionSource Written)> _lines = Channel.CreateUnbounded<(string, TaskCompletionSource)>();
    private readonly Task _writing;
    private readonly ConcurrentDictionary<string, Request> _sent = new();
    private readonly ConcurrentDictionary<string, Acknowledged> _acknowledged = new();
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _cancelled = new();
    private readonly ConcurrentDictionary<Guid, bool> _cancelAsked = new();
    private readonly ConcurrentQueue<string> _contradictions = new();
    private int _duplicates;

    public ClientJournal(string path) => _writing = WriteAsync(path);

    /// <summary>Requests that may have made a run: some acknowledged, the others indeterminate.</summary>
    public IReadOnlyDictionary<string, Request> Sent => _sent;

    /// <summary>Runs that a server said exist, by request.</summary>
    public IReadOnlyDictionary<string, Acknowledged> Acknowledged => _acknowledged;

    /// <summary>When a cancel of the run was acknowledged.</summary>
    public IReadOnlyDictionary<Guid, DateTimeOffset> Cancelled => _cancelled;

    /// <summary>Runs of which somebody may have asked the cancel, acknowledged or not.</summary>
    public IReadOnlyDictionary<Guid, bool> CancelAsked => _cancelAsked;

    /// <summary>Answers that cannot both be true, and answers that a server must not give.</summary>
    public IReadOnlyCollection<string> Contradictions => _contradictions;

    /// <summary>Requests of which two copies at least were answered.</summary>
    public int Duplicates => _duplicates;

    public async Task SendAsync(Request request)
    {
        if (_sent.TryAdd(request.Id, request)) await WriteLineAsync($"send {request.Id} {request.Pipeline.Id} {request.Key}");
    }

    public async Task AcknowledgeAsync(Request request, Guid run, long number)
    {
        await WriteLineAsync($"run {request.Id} {run} {number.ToString(CultureInfo.InvariantCulture)}");
        var first = _acknowledged.GetOrAdd(request.Id, new Acknowledged(request, run, number));
        if (first.Run != run) Contradict($"Request {request.Id} was answered with run {first.Run} and with run {run}.");
    }

    public async Task AskCancelAsync(Guid run)
    {
        _cancelAsked[run] = true;
        await WriteLineAsync($"cancelling {run}");
    }

    public async Task CancelAsync(Guid run, DateTimeOffset now)
    {
        _cancelled.TryAdd(run, now);
        await WriteLineAsync($"cancelled {run} {now:O}");
    }

    public void Duplicate() => Interlocked.Increment(ref _duplicates);

    public void Contradict(string what) => _contradictions.Enqueue(what);

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing;
    }

    private async Task WriteLineAsync(string line)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_lines.Writer.TryWrite((line, written))) await written.Task;
    }

    /// <summary>Lines that come while the disk is busy go with the next flush.</summary>
    private async Task WriteAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        var written = new List<TaskCompletionSource>();
        while (await _lines.Reader.WaitToReadAsync())
        {
            while (_lines.Reader.TryRead(out var next))
            {
                file.Write(Encoding.UTF8.GetBytes(next.Line + "\n"));
                written.Add(next.Written);
            }

            await Task.Run(() => file.Flush(flushToDisk: true));
            foreach (var line in written) line.SetResult();
            written.Clear();
        }
    }
}
