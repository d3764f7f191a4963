using System.Text.Json;
using Gofer.Api.Http;
using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Api.Runs;

/// <summary>The body that creates a run; every member may be left away.</summary>
public sealed record NewRunBody(
    IReadOnlyDictionary<string, JsonElement>? Params, IReadOnlyDictionary<string, string>? Variables, int? Version, IReadOnlyDictionary<string, string>? Labels,
    int? Priority) : IBody<NewRunBody>
{
    /// <inheritdoc/>
    public static bool IsOptional => true;

    /// <inheritdoc/>
    public static NewRunBody? Read(JsonElement root, FaultList faults) =>
        JsonFields.Open(root, faults) is { } fields ? Read(fields) : null;

    /// <summary>What the use case takes.</summary>
    public NewRun ToRun() => new(Version, Variables!, Labels!) { Params = Params!, Priority = Priority };

    internal static Dictionary<string, JsonElement> Values(JsonValue map, DocumentLimits limits)
    {
        var entries = map.Entries();
        if (entries.Count > limits.Params) map.Invalid($"There are {entries.Count} parameters; at most {limits.Params} are allowed.");
        var values = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (entry.Scalar() is { } value) values[entry.Name] = value.Clone();
        }

        return values;
    }

    internal static NewRunBody Read(JsonFields fields)
    {
        var limits = DocumentLimits.Default;
        var body = new NewRunBody(
            Values(fields["params"], limits),
            UserMaps.Variables(fields["variables"], limits),
            (int?)fields["version"].Whole(1, int.MaxValue),
            UserMaps.Labels(fields["labels"], limits),
            (int?)fields["priority"].Whole(-limits.Priority, limits.Priority));
        fields.Done();
        return body;
    }
}

/// <summary>The body that runs a run again; every member may be left away.</summary>
public sealed record RerunRequest(RerunVersion Version, bool FromFailed) : IBody<RerunRequest>
{
    private static readonly string[] s_starts = ["start", "failed"];

    /// <inheritdoc/>
    public static Type Schema => typeof(RerunBody);

    /// <inheritdoc/>
    public static bool IsOptional => true;

    /// <inheritdoc/>
    public static RerunRequest? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var version = fields["version"];
        var wanted = version.Scalar() switch
        {
            { ValueKind: JsonValueKind.Number } => new RerunVersion(false, (int?)version.Whole(1, int.MaxValue)),
            { ValueKind: JsonValueKind.String } => new RerunVersion(version.Choice("same", "live") == "live", null),
            { } => Mistyped(version),
            null => default,
        };
        var body = new RerunRequest(wanted, fields["from"] is { IsAbsent: false } from && from.Choice(s_starts) == "failed");
        fields.Done();
        return body;
    }

    private static RerunVersion Mistyped(JsonValue version)
    {
        version.Text(); // says what it must be
        return default;
    }
}

/// <summary>How the document shows <see cref="RerunRequest"/>.</summary>
/// <param name="Version">A version's number, <c>same</c> (the run's own, the default) or <c>live</c>.</param>
/// <param name="From"><c>start</c> (the default) or <c>failed</c>: what succeeded counts without being run again.</param>
public sealed record RerunBody(object? Version, string? From);

/// <summary>The body that creates many runs.</summary>
public sealed record RunBatchBody(IReadOnlyList<NewRunBody> Runs) : IBody<RunBatchBody>
{
    /// <inheritdoc/>
    public static RunBatchBody? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var runs = fields["runs"].Required().Items().Select(i => i.Object()).OfType<JsonFields>().Select(NewRunBody.Read).ToList();
        fields.Done();
        return new RunBatchBody(runs);
    }
}

/// <summary>The body that cancels.</summary>
public sealed record CancelBody(string? Reason) : IBody<CancelBody>
{
    /// <inheritdoc/>
    public static bool IsOptional => true;

    /// <inheritdoc/>
    public static CancelBody? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var reason = fields["reason"].Text(CancelRun.MaxReason);
        fields.Done();
        return new CancelBody(reason is "" ? null : reason);
    }
}
