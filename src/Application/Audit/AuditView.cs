using System.Text.Json;
using Gofer.Domain.Audit;

namespace Gofer.Application.Audit;

/// <summary>An entry with its place in the chain; a row of a view, for reading.</summary>
public sealed record SealedEntry
{
    /// <summary>Its place, from 1, without gaps.</summary>
    public long Seq { get; init; }

    /// <summary>The hash of the chain up to it.</summary>
    public byte[] Hash { get; init; } = [];

    /// <inheritdoc cref="AuditEntry.At"/>
    public DateTimeOffset At { get; init; }

    /// <inheritdoc cref="AuditEntry.Type"/>
    public string Type { get; init; } = "";

    /// <inheritdoc cref="AuditEntry.Outcome"/>
    public AuditOutcome Outcome { get; init; }

    /// <inheritdoc cref="AuditEntry.Actor"/>
    public string? Actor { get; init; }

    /// <inheritdoc cref="AuditEntry.ActorName"/>
    public string? ActorName { get; init; }

    /// <inheritdoc cref="AuditEntry.Namespace"/>
    public string? Namespace { get; init; }

    /// <inheritdoc cref="AuditEntry.Pipeline"/>
    public string? Pipeline { get; init; }

    /// <inheritdoc cref="AuditEntry.Subject"/>
    public string? Subject { get; init; }

    /// <inheritdoc cref="AuditEntry.Data"/>
    public string Data { get; init; } = "{}";

    /// <inheritdoc cref="AuditEntry.TraceId"/>
    public string? TraceId { get; init; }
}

/// <summary>An entry of the audit log as the API shows it.</summary>
/// <param name="Seq">Its place in the log, from 1, without gaps.</param>
/// <param name="Time">When it was written.</param>
/// <param name="Type">What was done, such as <c>secret.written</c>.</param>
/// <param name="Outcome">Whether it was done, was denied, or a store elsewhere was asked for it.</param>
/// <param name="Actor">Who wanted it: a token's id, a run's place, or what an identity provider calls somebody; null for whoever showed nothing.</param>
/// <param name="ActorName">What the actor was called at that time.</param>
/// <param name="Namespace">The namespace that it was about; null for what is the install's.</param>
/// <param name="Pipeline">The pipeline that it was about.</param>
/// <param name="Subject">What of it: a secret's key, a role's name, a token's id, a version's number.</param>
/// <param name="Data">How it is afterwards, without any value of a secret.</param>
/// <param name="TraceId">The request's trace id, which the server's log has too.</param>
/// <param name="Hash">The hash of the chain up to this entry, in hexadecimal.</param>
public sealed record AuditView(
    long Seq, DateTimeOffset Time, string Type, AuditOutcome Outcome, string? Actor, string? ActorName, string? Namespace, string? Pipeline, string? Subject,
    JsonElement Data, string? TraceId, string Hash);

/// <summary>Which entries are wanted; null wants all.</summary>
/// <param name="Type">What types begin with, such as <c>secret.</c>.</param>
/// <param name="Namespace">The namespace's name.</param>
public sealed record AuditFilter(string? Type, string? Namespace);

/// <summary>What lists and followers share.</summary>
internal static class AuditViews
{
    public static AuditView View(this SealedEntry e) => new(
        e.Seq, e.At, e.Type, e.Outcome, e.Actor, e.ActorName, e.Namespace, e.Pipeline, e.Subject, JsonSerializer.Deserialize<JsonElement>(e.Data), e.TraceId,
        Convert.ToHexStringLower(e.Hash));

    public static bool Wants(this AuditFilter filter, SealedEntry e) =>
        (filter.Type is null || e.Type.StartsWith(filter.Type, StringComparison.Ordinal)) && (filter.Namespace is null || e.Namespace == filter.Namespace);
}
