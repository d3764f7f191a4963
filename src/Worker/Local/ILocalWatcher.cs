using Gofer.Application.Logs;
using Gofer.Domain.Runs;

namespace Gofer.Worker.Local;

/// <summary>
/// Hears of everything that happens to a local run. Called from several threads, for one task in order: what it wrote before it is said to have
/// ended.
/// </summary>
public interface ILocalWatcher
{
    /// <summary>A task wrote something: whole lines as far as there are any, of one stream.</summary>
    void Wrote(int task, LogStream stream, ReadOnlyMemory<byte> bytes);

    /// <summary>What a starting task waits for, in words.</summary>
    void Waits(int task, string message);

    /// <summary>A step of the run is done; <paramref name="events"/> are what it brought.</summary>
    void Changed(Run run, IReadOnlyList<RunEvent> events);
}
