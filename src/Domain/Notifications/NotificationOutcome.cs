namespace Gofer.Domain.Notifications;

/// <summary>What of a run somebody may be told.</summary>
public enum NotificationOutcome
{
    /// <summary>It was cancelled.</summary>
    Cancelled,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>It takes, or took, longer than the notification allows.</summary>
    LongerThan,

    /// <summary>It succeeded, and the one before it had failed.</summary>
    Recovered,

    /// <summary>It succeeded.</summary>
    Succeeded,
}

/// <summary>How a notification is sent.</summary>
public enum NotificationType
{
    /// <summary>An event as JSON, signed where there is a key.</summary>
    Webhook,

    /// <summary>A message as incoming webhooks of Slack and Mattermost take it.</summary>
    Slack,
}

/// <summary>The words of both, as documents have them.</summary>
public static class NotificationWords
{
    /// <summary>What <c>on</c> may have, in the enumeration's order, which is that of the alphabet.</summary>
    public static IReadOnlyList<string> Outcomes => OutcomeChoices;

    /// <summary>What <c>type</c> may be, in the enumeration's order.</summary>
    public static IReadOnlyList<string> Types => TypeChoices;

    /// <summary>The same for a reader.</summary>
    internal static string[] OutcomeChoices { get; } = ["cancelled", "failed", "longer_than", "recovered", "succeeded"];

    /// <inheritdoc cref="OutcomeChoices"/>
    internal static string[] TypeChoices { get; } = ["webhook", "slack"];

    /// <summary>The word.</summary>
    public static string Word(this NotificationOutcome outcome) => OutcomeChoices[(int)outcome];

    /// <summary>The word.</summary>
    public static string Word(this NotificationType type) => TypeChoices[(int)type];
}
