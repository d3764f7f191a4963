using System.Diagnostics;
using Gofer.Application.Queue;
using Gofer.Application.Schedulers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gofer.Worker.Tasks;

/// <summary>The worker's present session, if it has one; opened by the engine loop, ended by whoever finds that the lease is gone.</summary>
internal sealed partial class Sessions(IWorkQueue queue, IOptions<WorkerOptions> options, ILogger<Sessions> logger) : IDisposable
{
    private WorkerSession? _current;

    public WorkerSession? Current => Volatile.Read(ref _current);

    public async Task<WorkerSession> OpenAsync(Backend backend, CancellationToken cancellationToken)
    {
        var name = options.Value.Name ?? $"{Environment.MachineName}-{Environment.ProcessId}";
        var sent = Stopwatch.GetTimestamp();
        var worker = await queue.RegisterAsync(name, backend, options.Value.Lease, cancellationToken);
        var session = new WorkerSession(worker, backend, options.Value.Lease, sent);
        Volatile.Write(ref _current, session);
        Log.Registered(logger, name, worker.ToString(), backend.Description);
        return session;
    }

    /// <summary>The lease is gone: everything held is forgotten; the next pass of the engine loop registers anew.</summary>
    public async Task LoseAsync(WorkerSession session)
    {
        Log.Lost(logger, session.Worker.ToString(), session.Held);
        await EndAsync(session);
    }

    public async Task EndAsync(WorkerSession session)
    {
        Interlocked.CompareExchange(ref _current, null, session);
        await session.EndAsync();
    }

    public void Dispose() => Current?.Dispose();

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Worker {Name} registered as {Worker}, runs on {Backend}")]
        public static partial void Registered(ILogger logger, string name, string worker, string backend);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The lease of worker {Worker} ran out; it forgets its {Held} tasks and registers anew")]
        public static partial void Lost(ILogger logger, string worker, int held);
    }
}
