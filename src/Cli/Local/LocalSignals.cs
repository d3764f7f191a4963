using System.Runtime.InteropServices;
using Gofer.Application.Schedulers;
using Gofer.Domain.Common;
using Gofer.Worker.Local;

namespace Gofer.Cli.Local;

/// <summary>
/// What Ctrl-C means to a local run: once it is cancelled and its tasks get their grace, twice they are killed, three times the program ends
/// whatever is left. A request to end the program, or a terminal that goes away, counts the same.
/// </summary>
internal sealed class LocalSignals : IDisposable
{
    private readonly TextWriter _error;
    private readonly LocalRun _run;
    private readonly TimeSpan _grace;
    private readonly List<PosixSignalRegistration> _registrations;
    private int _times;

    public LocalSignals(TextWriter error, LocalRun run, TimeSpan grace)
    {
        (_error, _run, _grace) = (error, run, grace);
        _registrations = [.. ((PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP]).Select(s => PosixSignalRegistration.Create(s, Hear))];
    }

    /// <summary>How to find what a run left that could not clear up after itself.</summary>
    public static string HowToClear =>
        $"Find them with: docker ps --all --filter label={ContainerLabels.Local}={Environment.ProcessId}";

    public void Dispose() => _registrations.ForEach(r => r.Dispose());

    private void Hear(PosixSignalContext signal)
    {
        switch (Interlocked.Increment(ref _times))
        {
            case 1:
                signal.Cancel = true;
                _error.WriteLine($"Cancelling: tasks have {Duration.Text(_grace)} to end by themselves. Ctrl-C again kills them.");
                _run.Cancel();
                break;
            case 2:
                signal.Cancel = true;
                _error.WriteLine("Killing the tasks.");
                _run.Kill();
                break;
            default:
                _error.WriteLine($"Ended before everything was cleared away. {HowToClear}");
                break;
        }
    }
}
