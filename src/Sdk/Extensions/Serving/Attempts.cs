using System.Security.Cryptography;
using System.Text;
using Grpc.Core;

namespace Gofer.Sdk.Extensions.Serving;

/// <summary>The attempts by name. A name is used once: what ended, and what was forgotten, is known for an hour.</summary>
internal sealed class Attempts(IReadOnlyList<GoferTask> tasks, string token)
{
    private static readonly TimeSpan s_memory = TimeSpan.FromHours(1);

    private readonly Dictionary<string, Attempt> _all = [];
    private readonly Lock _lock = new();
    private readonly byte[] _caller = Encoding.UTF8.GetBytes($"Bearer {token}");

    public void Enter(ServerCallContext context)
    {
        var said = Encoding.UTF8.GetBytes(context.RequestHeaders.GetValue("authorization") ?? "");
        if (!CryptographicOperations.FixedTimeEquals(said, _caller)) throw new RpcException(new Status(StatusCode.Unauthenticated, "The token is another one."));
    }

    /// <summary>The attempt of that name; it is begun where there was none.</summary>
    public Attempt Start(string task, TaskCall call)
    {
        if (call.Attempt.Length is < 1 or > 63 || call.Attempt.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "The attempt has no name of Gofer's."));
        }

        if (Find(call.Attempt) is { } known) return known;
        var work = tasks.FirstOrDefault(t => t.Name == task) ?? throw new RpcException(new Status(StatusCode.NotFound, "No such task is served here."));
        if (work.Complaint(call) is { } complaint) throw new RpcException(new Status(StatusCode.InvalidArgument, complaint));
        if (!TryAdd(call.Attempt, out var attempt)) return attempt;
        _ = Task.Run(() => RunAsync(work, call, attempt), CancellationToken.None);
        return attempt;
    }

    /// <summary>The attempt of that name, or null; one that was forgotten is known here.</summary>
    public Attempt? Find(string name)
    {
        lock (_lock) return _all.GetValueOrDefault(name);
    }

    public void Cancel(string name, TimeSpan grace)
    {
        if (TryAdd(name, out var attempt))
        {
            // It may be on its way: its Start finds that it has ended.
            attempt.Finish(143, "It was cancelled before it began.");
            return;
        }

        attempt.Stop();
        _ = Task.Delay(grace).ContinueWith(_ => attempt.Finish(137, "It did not end within its grace."), TaskScheduler.Default);
    }

    public void Forget(string name)
    {
        TryAdd(name, out var attempt);
        attempt.Dispose();
    }

    private bool TryAdd(string name, out Attempt attempt)
    {
        lock (_lock)
        {
            var old = (TimeProvider.System.GetUtcNow() - s_memory).ToUnixTimeSeconds();
            foreach (var (gone, of) in _all.Where(a => a.Value.End?.EndedAt.Seconds < old).ToList())
            {
                of.Dispose();
                _all.Remove(gone);
            }

            if (_all.TryGetValue(name, out var known))
            {
                attempt = known;
                return false;
            }

            _all[name] = attempt = new Attempt();
            return true;
        }
    }

    private static async Task RunAsync(GoferTask work, TaskCall call, Attempt attempt)
    {
        var output = new TaskOutput(attempt);
        try
        {
            attempt.Finish(Math.Clamp(await work.ExecuteAsync(call, output, attempt.Stopping), 0, 255));
        }
        catch (OperationCanceledException) when (attempt.Stopping.IsCancellationRequested)
        {
            attempt.Finish(143, "It was cancelled.");
        }
#pragma warning disable CA1031 // Whatever an author's code throws is the end of this attempt alone.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // Into the output, where Gofer masks secrets.
            output.WriteErrorLine(e.ToString());
            attempt.Finish(1, $"The task threw {e.GetType().Name}.");
        }
    }
}
