namespace Gofer.Domain.Audit;

/// <summary>What became of what somebody wanted.</summary>
public enum AuditOutcome
{
    /// <summary>It was done: the entry and the change are one transaction.</summary>
    Done,

    /// <summary>It was refused: who asked may not do it, or is not known.</summary>
    Denied,

    /// <summary>
    /// A store outside of the database is asked for it now. Where it says that it did, an entry with <see cref="Done"/> follows; without one,
    /// whether it was done is not known.
    /// </summary>
    Asked,
}

/// <summary>
/// Who did what to what, or was refused. Written once and never changed; it holds no secret's value and no token's text. Whoever starts, cancels
/// or reruns a run is in that run's events and not here.
/// </summary>
public sealed record AuditEntry
{
    /// <summary>The most characters of <see cref="Subject"/>, which a caller may have written.</summary>
    public const int MaxSubject = 200;

    /// <summary>Where it stands; it says nothing of the order.</summary>
    public long Id { get; init; }

    /// <summary>When it was written, by the database's clock.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>What was done: one of <see cref="AuditTypes"/>.</summary>
    public required string Type { get; init; }

    /// <summary>What became of it.</summary>
    public AuditOutcome Outcome { get; init; }

    /// <summary>Who wanted it: a token's id, a run's place, or what an identity provider calls somebody; null for whoever showed nothing.</summary>
    public string? Actor { get; init; }

    /// <summary>What the actor was called at that time.</summary>
    public string? ActorName { get; init; }

    /// <summary>The namespace that it was about; null for what is the install's.</summary>
    public string? Namespace { get; init; }

    /// <summary>The pipeline that it was about.</summary>
    public string? Pipeline { get; init; }

    /// <summary>What of it: a secret's key, a role's name, a token's id, a version's number.</summary>
    public string? Subject { get; init; }

    /// <summary>How it is afterwards, as a JSON object.</summary>
    public string Data { get; init; } = "{}";

    /// <summary>The request's trace id, which the server's log has too.</summary>
    public string? TraceId { get; init; }
}
