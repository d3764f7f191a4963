using System.Text.Json;
using Gofer.Api.Http;
using Gofer.Application.Triggers;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Triggers;

namespace Gofer.Api.Triggers;

/// <summary>The body that makes a trigger or replaces what it does.</summary>
public sealed record TriggerRequest(TriggerOrder Order) : IBody<TriggerRequest>
{
    /// <inheritdoc/>
    public static Type Schema => typeof(TriggerBody);

    /// <inheritdoc/>
    public static TriggerRequest? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root.Clone(), faults) is not { } fields) return null;
        var enabled = fields["enabled"].Flag();
        return TriggerReader.Read(fields) is { } definition ? new TriggerRequest(new TriggerOrder(definition, enabled)) : null;
    }
}

/// <summary>A trigger as it is written; which members there are depends on its type.</summary>
/// <param name="Id">Its name in the pipeline.</param>
/// <param name="Type">What sets it off.</param>
public sealed record TriggerBody(string Id, TriggerType Type)
{
    /// <summary>Whether events of it run; true where it is left away.</summary>
    public bool? Enabled { get; init; }

    /// <summary><c>cron</c>: 5 fields, or 6 with seconds first, or such as <c>@daily</c>.</summary>
    public string? Expression { get; init; }

    /// <summary><c>cron</c>: the IANA zone; UTC where it is left away.</summary>
    public string? Zone { get; init; }

    /// <summary><c>cron</c>: what becomes of local times that a change of the clock skips or repeats.</summary>
    public DstPolicy? Dst { get; init; }

    /// <summary><c>interval</c>: how often, such as <c>15m</c>.</summary>
    public string? Every { get; init; }

    /// <summary><c>interval</c>: from when it is counted; when it was made, where it is left away.</summary>
    public DateTimeOffset? Anchor { get; init; }

    /// <summary>Schedules: what becomes of times that passed while nothing could fire: <c>none</c>, <c>last</c>, <c>all</c> or a number.</summary>
    public string? CatchUp { get; init; }

    /// <summary>Schedules: how much later than its time it fires at most.</summary>
    public string? Jitter { get; init; }

    /// <summary>What becomes of an event while a run of it has not ended.</summary>
    public OverlapPolicy? Overlap { get; init; }

    /// <summary>The version that its runs get; null for the live one.</summary>
    public int? Version { get; init; }

    /// <summary><c>extension</c>: the extension that it subscribes to.</summary>
    public string? Extension { get; init; }

    /// <summary><c>extension</c>: what the subscription is given, by the names that the extension describes.</summary>
    public IReadOnlyDictionary<string, JsonElement>? With { get; init; }

    /// <summary>The parameters of its runs: values, or where in the event they are.</summary>
    public JsonElement? Params { get; init; }

    /// <summary><c>webhook</c>: how a request proves where it is from.</summary>
    public JsonElement? Signature { get; init; }

    /// <summary><c>webhook</c>: what makes two requests one event.</summary>
    public JsonElement? Dedupe { get; init; }

    /// <summary><c>webhook</c>, <c>github</c>, <c>pipeline</c>: which events run.</summary>
    public JsonElement? Filter { get; init; }

    /// <summary><c>github</c>: the secret of the signature, such as <c>pipeline_secret{{github}}</c>.</summary>
    public string? Secret { get; init; }

    /// <summary><c>github</c>: the events, such as <c>push</c> or <c>pull_request/opened,synchronize</c>.</summary>
    public IReadOnlyList<string>? Events { get; init; }

    /// <summary><c>github</c>: the branches, as patterns.</summary>
    public IReadOnlyList<string>? Branches { get; init; }

    /// <summary><c>github</c>: the repository, as <c>owner/name</c>.</summary>
    public string? Repository { get; init; }

    /// <summary><c>pipeline</c>: the pipeline that it follows.</summary>
    public string? Pipeline { get; init; }

    /// <summary><c>pipeline</c>: the namespace of that pipeline; its own where it is left away.</summary>
    public string? Namespace { get; init; }

    /// <summary><c>pipeline</c>: the outcomes that set it off; <c>succeeded</c> where it is left away.</summary>
    public IReadOnlyList<string>? On { get; init; }
}

/// <summary>The body that enables or disables a trigger.</summary>
public sealed record TriggerStateBody(bool? Enabled) : IBody<TriggerStateBody>
{
    /// <inheritdoc/>
    public static TriggerStateBody? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var patch = new TriggerStateBody(fields["enabled"].Flag());
        fields.Done();
        return patch;
    }
}

/// <summary>The body that fires a trigger by hand; every member may be left away.</summary>
public sealed record FireBody(IReadOnlyDictionary<string, JsonElement>? Params) : IBody<FireBody>
{
    /// <inheritdoc/>
    public static bool IsOptional => true;

    /// <inheritdoc/>
    public static FireBody? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var body = new FireBody(Runs.NewRunBody.Values(fields["params"], DocumentLimits.Default));
        fields.Done();
        return body;
    }
}

/// <summary>The body that replays an event; every member may be left away.</summary>
public sealed record ReplayBody(int? Version) : IBody<ReplayBody>
{
    /// <inheritdoc/>
    public static bool IsOptional => true;

    /// <inheritdoc/>
    public static ReplayBody? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var body = new ReplayBody((int?)fields["version"].Whole(1, int.MaxValue));
        fields.Done();
        return body;
    }
}
