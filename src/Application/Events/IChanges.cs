namespace Gofer.Application.Events;

/// <summary>
/// A hint that something was committed which followers may want to read: woken by the database's notifications, which may be lost,
/// so every waiter also gives a longest wait and reads again after it.
/// </summary>
public interface IChanges
{
    /// <summary>A mark to wait from; take it before reading, so that no change between reading and waiting is missed.</summary>
    long Mark { get; }

    /// <summary>Returns once something changed after <paramref name="mark"/>, or after <paramref name="atMost"/>.</summary>
    Task WaitAsync(long mark, TimeSpan atMost, CancellationToken cancellationToken);
}
