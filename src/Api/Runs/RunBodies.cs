using System.Text.Json;
using Gofer.Api.Http;
using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Api.Runs;

/// <summary>The body that creates a run; every member may be left away.</summary>
public sealed record NewRunBody(
    IReadOnlyDictionary<string, string>? Params, IReadOnlyDictionary<string, string>? Variables, int? Version, IReadOnlyDictionary<string, string>? Labels,
    int? Priority) : IBody<NewRunBody>
{
    /// <inheritdoc/>
    public static bool IsOptional => true;

    /// <inheritdoc/>
    public static NewRunBody? Read(JsonElement root, FaultList faults) =>
        JsonFields.Open(root, faults) is { } fields ? Read(fields) : null;

    /// <summary>What the use case takes.</summary>
    public NewRun ToRun() => new(Version, Variables!, Labels!);

    internal static NewRunBody Read(JsonFields fields)
    {
        var parameters = fields["params"];
        if (parameters.Object() is not null && !parameters.IsEmpty) parameters.Unsupported();
        var priority = fields["priority"];
        if (priority.Whole() is not (null or 0)) priority.Unsupported();
        var body = new NewRunBody(
            null,
            UserMaps.Variables(fields["variables"], DocumentLimits.Default),
            (int?)fields["version"].Whole(1, int.MaxValue),
            UserMaps.Labels(fields["labels"], DocumentLimits.Default),
            null);
        fields.Done();
        return body;
    }
}

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
