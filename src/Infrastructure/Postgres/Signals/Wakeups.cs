using Gofer.Application.Events;

namespace Gofer.Infrastructure.Postgres.Signals;

/// <summary>The three things that processes wake each other for; hints only, everything is polled too.</summary>
public sealed class Wakeups : IChanges
{
    internal const string ReadyChannel = "gofer_ready";
    internal const string ChangedChannel = "gofer_changed";
    internal const string StopChannel = "gofer_stop";

    internal Pulse Ready { get; } = new();

    internal Pulse Changed { get; } = new();

    internal Pulse Stop { get; } = new();

    /// <inheritdoc/>
    public long Mark => Changed.Mark;

    /// <summary>A mark to wait from for ready tasks.</summary>
    public long ReadyMark => Ready.Mark;

    /// <summary>A mark to wait from for requests to stop.</summary>
    public long StopMark => Stop.Mark;

    /// <inheritdoc/>
    public Task WaitAsync(long mark, TimeSpan atMost, CancellationToken cancellationToken) => Changed.WaitAsync(mark, atMost, cancellationToken);

    /// <summary>Returns once tasks became ready after <paramref name="mark"/>, or after <paramref name="atMost"/>.</summary>
    public Task WaitForReadyAsync(long mark, TimeSpan atMost, CancellationToken cancellationToken) => Ready.WaitAsync(mark, atMost, cancellationToken);

    /// <summary>Returns once a stop was asked for after <paramref name="mark"/>, or after <paramref name="atMost"/>.</summary>
    public Task WaitForStopAsync(long mark, TimeSpan atMost, CancellationToken cancellationToken) => Stop.WaitAsync(mark, atMost, cancellationToken);

    /// <summary>Wakes this process's claimers, such as when a slot of its own became free.</summary>
    public void RaiseReady() => Ready.Raise();

    internal void Raise(string channel)
    {
        switch (channel)
        {
            case ReadyChannel: Ready.Raise(); break;
            case ChangedChannel: Changed.Raise(); break;
            case StopChannel: Stop.Raise(); break;
        }
    }

    internal void RaiseAll()
    {
        Ready.Raise();
        Changed.Raise();
        Stop.Raise();
    }
}
