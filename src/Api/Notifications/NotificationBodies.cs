using System.Text.Json;
using Gofer.Api.Http;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;

namespace Gofer.Api.Notifications;

/// <summary>The body that makes a notification or replaces it, as it came: what is wrong with it depends on whose it is.</summary>
public sealed record NotificationRequest(JsonElement Root) : IBody<NotificationRequest>
{
    /// <inheritdoc/>
    public static Type Schema => typeof(NotificationBody);

    /// <inheritdoc/>
    public static NotificationRequest? Read(JsonElement root, FaultList faults) => JsonFields.Open(root, faults) is null ? null : new NotificationRequest(root.Clone());
}

/// <summary>A notification as it is written.</summary>
/// <param name="Id">Its name among those of its pipeline or namespace.</param>
/// <param name="On">What is told: some of <c>cancelled</c>, <c>failed</c>, <c>longer_than</c>, <c>recovered</c> and <c>succeeded</c>.</param>
/// <param name="Type">How.</param>
/// <param name="Url">The address, or the secret that stands for all of it, such as <c>namespace_secret{{hook}}</c>.</param>
public sealed record NotificationBody(string Id, IReadOnlyList<string> On, NotificationType Type, string Url)
{
    /// <summary><c>webhook</c>: the secret that signs what is sent, such as <c>pipeline_secret{{hook-key}}</c>.</summary>
    public string? Secret { get; init; }

    /// <summary>The time after which a run is told of, such as <c>30m</c>, where <c>on</c> has <c>longer_than</c>.</summary>
    public string? LongerThan { get; init; }

    /// <summary>Whether it tells anything; true where it is left away.</summary>
    public bool? Enabled { get; init; }
}
