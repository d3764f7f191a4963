namespace Gofer.Infrastructure.SharedTasks;

/// <summary>How long a service that is a shared task is waited for.</summary>
internal sealed record CallPatience
{
    /// <summary>The contract's.</summary>
    public static CallPatience Default { get; } = new();

    /// <summary>For the answer of a call that is not streamed.</summary>
    public TimeSpan Call { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For the next message of a stream: one comes every 30 seconds at least.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>For a service that had begun an attempt and does not answer any more, and for one that does not end it though it was asked: then it counts as lost.</summary>
    public TimeSpan GiveUp { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>For the end, right after the first message, of an attempt that is only looked at.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Between the grace of a stop and the next stop.</summary>
    public TimeSpan Insist { get; init; } = TimeSpan.FromSeconds(5);
}
