using System.Globalization;
using System.Text;
using System.Text.Json;
using Gofer.Domain.Triggers;
using Gofer.Domain.Triggers.Hooks;

namespace Gofer.Application.Triggers;

/// <summary>
/// What an event comes to by itself: not let through by the trigger's filter, or the parameters and variables of a run. Pure; a replay that is only
/// planned asks it as the engine does.
/// </summary>
public sealed record Judgement(string? Decision, string? Reason, IReadOnlyDictionary<string, JsonElement> Params, IReadOnlyDictionary<string, string> Variables);

/// <inheritdoc cref="Judgement"/>
public static class EventJudge
{
    private static readonly Dictionary<string, JsonElement> s_nothing = [];
    private static readonly Dictionary<string, string> s_none = [];

    /// <summary>What came, as filters and parameters read it; of a scheduled time a body that says which.</summary>
    public static EventContent Content(IReadOnlyDictionary<string, string>? headers, byte[]? body, DateTimeOffset? scheduledFor) => new(
        headers ?? s_none,
        body ?? (scheduledFor is { } time ? Encoding.UTF8.GetBytes($$"""{"scheduled_for":"{{TriggerWriter.Text(time)}}"}""") : []));

    /// <summary>Judges it; parameters that were <paramref name="given"/> by hand win over the trigger's own.</summary>
    public static Judgement Judge(TriggerDefinition definition, EventContent content, IReadOnlyDictionary<string, JsonElement>? given)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var refusal = definition.Hook?.Github?.Refuse(content) ?? definition.Hook?.Filter?.Refuse(content);
        if (refusal is not null) return new Judgement(Decisions.Filtered, refusal, s_nothing, s_none);
        if (!definition.Params.TryResolve(content, given, out var values, out var complaint)) return new Judgement(Decisions.Failed, complaint, s_nothing, s_none);
        return new Judgement(null, null, values, definition.Hook?.Github is not null ? GithubFilter.Variables(content) : s_none);
    }

    /// <summary>What the system tells a run of the event that made it.</summary>
    public static Dictionary<string, string> Variables(Judgement judged, string trigger, Guid id, DateTimeOffset? scheduledFor)
    {
        ArgumentNullException.ThrowIfNull(judged);
        var variables = new Dictionary<string, string>(judged.Variables)
        {
            ["GOFER_TRIGGER_ID"] = trigger,
            ["GOFER_EVENT_ID"] = id.ToString("D", CultureInfo.InvariantCulture),
        };
        if (scheduledFor is { } time) variables["GOFER_SCHEDULED_FOR"] = TriggerWriter.Text(time);
        return variables;
    }
}
