using Gofer.Application.Events;

namespace Gofer.Infrastructure.Postgres.Signals;

/// <summary>What processes wake each other for; hints only, everything is polled too.</summary>
public sealed class Wakeups : IChanges
{
    internal const string ReadyChannel = "gofer_ready";
    internal const string ChangedChannel = "gofer_changed";
    internal const string StopChannel = "gofer_stop";

    internal const string TimersChannel = "gofer_timers";

    private volatile bool _hears;

    /// <summary>Whether what other processes send arrives; where it does not, everything has to be asked for.</summary>
    public bool Hears
    {
        get => _hears;
        internal set => _hears = value;
    }

    internal Pulse Ready { get; } = new();

    internal Pulse Changed { get; } = new();

    internal Pulse Stop { get; } = new();

    internal Pulse Timers { get; } = new();

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

    /// <summary>A mark to wait from for timers that were set.</summary>
    public long TimersMark => Timers.Mark;

    /// <summary>Returns once timers were set after <paramref name="mark"/>, or after <paramref name="atMost"/>.</summary>
    public Task WaitForTimersAsync(long mark, TimeSpan atMost, CancellationToken cancellationToken) => Timers.WaitAsync(mark, atMost, cancellationToken);

    /// <summary>Wakes this process's claimers, such as when a slot of its own became free.</summary>
    public void RaiseReady() => Ready.Raise();

    internal void Raise(string channel)
    {
        switch (channel)
        {
            case ReadyChannel: Ready.Raise(); break;
            case ChangedChannel: Changed.Raise(); break;
            case StopChannel: Stop.Raise(); break;
            case TimersChannel: Timers.Raise(); break;
        }
    }

    internal void RaiseAll()
    {
        Ready.Raise();
        Changed.Raise();
        Stop.Raise();
        Timers.Raise();
    }
}
