using System.Diagnostics;
using Gofer.Application.Queue;
using Gofer.Domain.Secrets;

namespace Gofer.Worker.Tasks;

/// <summary>Passes on what a starting task waits for: changes only, and at most two a second, since a pull says a great deal.</summary>
internal sealed class ProgressReports(WorkerSession session, HeldTask held, MaskSet masks) : IProgress<string>
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private string? _last;
    private long _said;

    public void Report(string value)
    {
        lock (_gate)
        {
            if (value == _last || (_said != 0 && Stopwatch.GetElapsedTime(_said) < Pause)) return;
            (_last, _said) = (value, Stopwatch.GetTimestamp());
        }

        // Nobody waits for the answer: it is for people who look, and the reports that matter are answered.
        _ = session.ReportAsync(new TaskReport.Progress(held, masks.Mask(value))).ContinueWith(
            static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }
}
