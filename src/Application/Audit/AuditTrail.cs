using System.Diagnostics;
using System.Text.Json;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Audit;

namespace Gofer.Application.Audit;

/// <summary>What of something a change was about; nothing of it for the install.</summary>
/// <param name="Namespace">The namespace, or that it is in.</param>
/// <param name="Pipeline">The pipeline, or that it is of.</param>
/// <param name="Subject">The version, key, role or token.</param>
public sealed record AuditTarget(string? Namespace, string? Pipeline = null, string? Subject = null)
{
    /// <summary>Something of the install.</summary>
    public static AuditTarget OfInstall(string? subject = null) => new(null, null, subject);
}

/// <summary>
/// Says what the present caller does. A use case notes its change before it saves it: both are then written by one transaction, or neither. What
/// is forgotten after a lost race is noted again by the use case that starts again.
/// </summary>
public sealed class AuditTrail(IGoferDb db, CurrentCaller caller)
{
    /// <summary>Notes a change; it is written with the next save.</summary>
    public void Note(string type, AuditTarget target, object? data = null) => db.Audit.Add(Entry(type, target, data));

    /// <summary>The entry of a change, for whoever writes it elsewhere than through the context.</summary>
    public AuditEntry Entry(string type, AuditTarget target, object? data = null, AuditOutcome outcome = AuditOutcome.Done) =>
        Of(caller.Known, type, target, data, outcome);

    /// <summary>The entry of what somebody did or was refused.</summary>
    internal static AuditEntry Of(Caller? who, string type, AuditTarget target, object? data, AuditOutcome outcome)
    {
        var subject = target.Subject is { Length: > AuditEntry.MaxSubject } ? target.Subject[..AuditEntry.MaxSubject] : target.Subject;
        return new AuditEntry
        {
            Type = type,
            Outcome = outcome,
            Actor = who?.Actor,
            ActorName = who?.Name,
            Namespace = target.Namespace,
            Pipeline = target.Pipeline,
            Subject = subject,
            Data = data is null ? "{}" : JsonSerializer.Serialize(data, GoferJson.Options),
            TraceId = Activity.Current?.TraceId.ToHexString(),
        };
    }
}
