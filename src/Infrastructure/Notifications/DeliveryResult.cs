namespace Gofer.Infrastructure.Notifications;

/// <summary>What came of one attempt of a delivery.</summary>
public enum DeliveryOutcome
{
    /// <summary>The target took it.</summary>
    Delivered,

    /// <summary>Another attempt may help.</summary>
    Retry,

    /// <summary>The target does not want it, and another attempt changes nothing.</summary>
    Failed,

    /// <summary>It is this server that does not call there; nothing was sent, and another attempt changes nothing.</summary>
    Refused,
}

/// <summary>What came of one attempt of a delivery, fit to be kept and shown: of an address that is a secret it has the host alone.</summary>
/// <param name="Outcome">What came of it.</param>
/// <param name="Status">The answer's status; null where there was none.</param>
/// <param name="Message">A sentence, with the first characters of the answer.</param>
/// <param name="RetryAfter">The wait that the target asked for before another attempt, never longer than the longest of the schedule.</param>
public sealed record DeliveryResult(DeliveryOutcome Outcome, int? Status, string Message, TimeSpan? RetryAfter = null);
