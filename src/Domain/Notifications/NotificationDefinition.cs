using Gofer.Domain.Pipelines;

namespace Gofer.Domain.Notifications;

/// <summary>Who is told of what: some outcomes of a pipeline's runs, and an address.</summary>
public sealed record NotificationDefinition
{
    /// <summary>The most notifications of one pipeline.</summary>
    public const int MaxCount = 20;

    /// <summary>The shortest <see cref="LongerThan"/>.</summary>
    public static TimeSpan Shortest { get; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest <see cref="LongerThan"/>.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromDays(30);

    /// <summary>Its name among those of its pipeline.</summary>
    public required string Id { get; init; }

    /// <summary>What is told, each once, in the enumeration's order; never empty.</summary>
    public required IReadOnlyList<NotificationOutcome> On { get; init; }

    /// <summary>How.</summary>
    public required NotificationType Type { get; init; }

    /// <summary>The address, or the secret that stands for all of it, as <see cref="Interpolation"/> reads it.</summary>
    public required string Url { get; init; }

    /// <summary>The secret whose value signs what is sent; null where nothing is signed. A webhook's alone.</summary>
    public string? Secret { get; init; }

    /// <summary>The time after which a run is told of, where <see cref="On"/> has <see cref="NotificationOutcome.LongerThan"/>; else null.</summary>
    public TimeSpan? LongerThan { get; init; }

    /// <summary>Whether it tells anything at all.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Whether the address is the value of a secret, and so is shown to nobody.</summary>
    public bool HidesUrl => Interpolation.KindOf(Url) is not null;
}
