namespace Gofer.Application.Common;

/// <summary>Whether what keeps the engine's state is there, as one state of the process.</summary>
public interface IStoreWatch
{
    /// <summary>Whether that was thrown by the store, away or not.</summary>
    bool IsTrouble(Exception e);

    /// <summary>Whether that says that the store is away, and not only that it refused something.</summary>
    bool IsAway(Exception e);

    /// <summary>Somebody met trouble: whether the store is there all the same, by a look that began after the trouble.</summary>
    Task<bool> JudgeAsync(CancellationToken cancellationToken);

    /// <summary>Returns when the store is there.</summary>
    Task HereAsync(CancellationToken cancellationToken);
}
