using System.Diagnostics;
using System.Globalization;

namespace Gofer.Tests.Chaos.Install;

/// <summary>
/// A place in the install that a <c>gofer</c> process fills: whenever that ends, however it ends, another is started at once. Each process
/// has a name of its own, <c>worker-2.7</c> for the seventh of the second worker, by which the database knows it too.
/// </summary>
internal sealed class Node(string name, string ready, Func<string, ProcessStartInfo> describe, string logs, Action<string> fell) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _supervisor = Task.CompletedTask;
    private Process? _process;
    private volatile bool _asked;
    private long _since;

    /// <summary>The node, whatever process fills it.</summary>
    public string Name => name;

    /// <summary>The process that fills it now.</summary>
    public string ProcessName { get; private set; } = "";

    /// <summary>How many processes filled it.</summary>
    public int Generation { get; private set; }

    /// <summary>Processes that ended before they worked.</summary>
    public int FailedStarts { get; private set; }

    /// <summary>Whether the process works: an API answers, a worker is registered.</summary>
    public bool IsUp => _up.Task.IsCompletedSuccessfully && !IsPaused && !_asked;

    /// <summary>How long the process has worked, where it works.</summary>
    public TimeSpan UpFor => IsUp ? Stopwatch.GetElapsedTime(_since) : TimeSpan.Zero;

    /// <summary>Whether the process is stopped by SIGSTOP.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>While a fault of some seconds works on the process, others leave it alone.</summary>
    public bool IsSpared { get; set; }

    /// <summary>The process's number.</summary>
    public int Pid => _process?.Id ?? 0;

    public void Start() => _supervisor = SuperviseAsync();

    /// <summary>Returns once the present process works, or the one after it.</summary>
    public async Task UpAsync(CancellationToken cancellationToken)
    {
        while (!IsUp) await Task.Delay(50, cancellationToken);
    }

    /// <summary>kill -9; false where there is no process.</summary>
    public bool Kill()
    {
        _asked = true;
        return Posix.Signal(Pid, Posix.Kill);
    }

    /// <summary>SIGSTOP for a while.</summary>
    public async Task<bool> PauseAsync(TimeSpan time)
    {
        var pid = Pid;
        if (!Posix.Signal(pid, Posix.Stop)) return false;
        IsPaused = true;
        await Task.Delay(time);
        IsPaused = false;
        return Posix.Signal(pid, Posix.Continue);
    }

    /// <summary>SIGTERM; returns the exit code, or null where the process did not end in time.</summary>
    public async Task<int?> TerminateAsync(TimeSpan patience)
    {
        if (_process is not { } process) return null;
        _asked = true;
        if (!Posix.Signal(process.Id, Posix.Terminate)) return null;
        using var limit = new CancellationTokenSource(patience);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested) return;
        await _stopping.CancelAsync();
        Kill();
        await _supervisor.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task SuperviseAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            Generation++;
            ProcessName = string.Create(CultureInfo.InvariantCulture, $"{name}.{Generation}");
            _asked = false;
            // Not disposed of: a fault may still be asking it.
            var process = Process.Start(describe(ProcessName))!;
            _process = process;
            var said = await ReadAsync(process);
            await process.WaitForExitAsync();
            var up = _up.Task.IsCompletedSuccessfully;
            _up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_asked || _stopping.IsCancellationRequested) continue;
            // A process that finds the database away when it starts ends, which is counted; one that worked has no reason to.
            if (!up) FailedStarts++;
            else fell($"{ProcessName} ended by itself with code {process.ExitCode}: {said}");
            await Task.Delay(200);
        }
    }

    /// <summary>Keeps what the process says in a file and learns from it when the process works; answers its last line.</summary>
    private async Task<string> ReadAsync(Process process)
    {
        await using var log = new StreamWriter(Path.Combine(logs, $"{ProcessName}.log")) { AutoFlush = true };
        var last = "";
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            await log.WriteLineAsync(line);
            if (line.Length > 0) last = line;
            if (!line.Contains(ready, StringComparison.Ordinal) || _up.Task.IsCompleted) continue;
            _since = Stopwatch.GetTimestamp();
            _up.TrySetResult();
        }

        return last;
    }
}
