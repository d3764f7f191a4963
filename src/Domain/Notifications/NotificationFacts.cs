using System.Globalization;

namespace Gofer.Domain.Notifications;

/// <summary>What a notification says of a run. The same facts are the same bytes, whoever writes them and however often.</summary>
public sealed record NotificationFacts
{
    /// <summary>The delivery's id: the same at each of its attempts, by which a receiver knows what it has had.</summary>
    public required Guid Delivery { get; init; }

    /// <summary>The notification's id in its pipeline.</summary>
    public required string Notification { get; init; }

    /// <summary>What is told.</summary>
    public required NotificationOutcome Outcome { get; init; }

    /// <summary>When it came to be so.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The namespace's name.</summary>
    public required string Namespace { get; init; }

    /// <summary>The pipeline's name.</summary>
    public required string Pipeline { get; init; }

    /// <summary>The run's number.</summary>
    public required long Run { get; init; }

    /// <summary>The number of its version.</summary>
    public required int Version { get; init; }

    /// <summary>Who caused it, where somebody did.</summary>
    public string? Actor { get; init; }

    /// <summary>The run's reason, a code, or null.</summary>
    public string? Reason { get; init; }

    /// <summary>The reason in words, or null.</summary>
    public string? Message { get; init; }

    /// <summary>When the run was admitted; null where it never was.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; null where it goes on.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Where the API is reached, without the path; null where nobody said.</summary>
    public string? PublicUrl { get; init; }

    /// <summary>
    /// The event's type. That a run takes long has one of its own: it is neither started then nor ended, and <c>run.timed_out</c> says that it is being stopped, which
    /// it is not.
    /// </summary>
    public string EventType => Outcome switch
    {
        NotificationOutcome.Failed => Runs.EventTypes.RunFailed,
        NotificationOutcome.Recovered or NotificationOutcome.Succeeded => Runs.EventTypes.RunSucceeded,
        NotificationOutcome.Cancelled => Runs.EventTypes.RunCancelled,
        NotificationOutcome.LongerThan => NotificationPayload.RunOverdue,
        _ => throw new InvalidOperationException($"There is no outcome {Outcome}."),
    };

    /// <summary>How long the run took, or took until then; null where it never started.</summary>
    public TimeSpan? Took => StartedAt is { } started && (EndedAt ?? Time) is var end ? (end > started ? end - started : TimeSpan.Zero) : null;

    /// <summary>The run's address in the API; null where nobody said where that is.</summary>
    public string? Url => PublicUrl is null
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"{PublicUrl.TrimEnd('/')}/api/v1/namespaces/{Namespace}/pipelines/{Pipeline}/runs/{Run}");
}
