using System.Collections.Concurrent;

namespace Gofer.Tests.Chaos.Faults;

/// <summary>A fault that took place; <paramref name="Process"/> is null where it struck all.</summary>
internal sealed record Injected(string Fault, string? Process, DateTimeOffset At);

/// <summary>Every fault with its time: what happened to a task is tied to these.</summary>
internal sealed class FaultLog(string path)
{
    private readonly ConcurrentQueue<Injected> _all = new();

    public IReadOnlyCollection<Injected> All => _all;

    /// <summary>Notes a fault as of now, which is before it is injected.</summary>
    public void Note(string fault, string? process = null)
    {
        var injected = new Injected(fault, process, TimeProvider.System.GetUtcNow());
        _all.Enqueue(injected);
        lock (_all) File.AppendAllText(path, $"{injected.At:O} {fault} {process}\n");
    }
}
