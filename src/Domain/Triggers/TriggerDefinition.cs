using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers.Hooks;

namespace Gofer.Domain.Triggers;

/// <summary>What sets a trigger off.</summary>
public enum TriggerType
{
    /// <summary>A cron expression in a time zone.</summary>
    Cron,

    /// <summary>A time that comes again and again, counted from an anchor.</summary>
    Interval,

    /// <summary>A request to its secret URL.</summary>
    Webhook,

    /// <summary>A webhook of GitHub.</summary>
    Github,

    /// <summary>The end of another pipeline's run.</summary>
    Pipeline,

    /// <summary>An event of an extension.</summary>
    Extension,
}

/// <summary>What becomes of an event while a run of the same trigger has not ended.</summary>
public enum OverlapPolicy
{
    /// <summary>It runs beside it.</summary>
    Allow,

    /// <summary>It does not run.</summary>
    Skip,

    /// <summary>It waits until none is left; while one waits, later ones do not run.</summary>
    QueueOne,

    /// <summary>It waits until none is left and those before it ran.</summary>
    Queue,

    /// <summary>The oldest such run is cancelled, and it runs at once.</summary>
    CancelOldest,
}

/// <summary>
/// What a trigger does, read and found good by <see cref="TriggerReader"/>. Immutable. What only some types have is null in the others; parts that
/// have rooms of their own are kept as they were written beside what they mean, so that they are shown as their author knows them.
/// </summary>
public sealed record TriggerDefinition
{
    /// <summary>Its name in its pipeline.</summary>
    public required string Id { get; init; }

    /// <summary>What sets it off.</summary>
    public required TriggerType Type { get; init; }

    /// <summary>What becomes of an event while a run of it has not ended.</summary>
    public OverlapPolicy Overlap { get; init; }

    /// <summary>The version that its runs get; null for the live one.</summary>
    public int? Version { get; init; }

    /// <summary>The parameters of its runs.</summary>
    public EventParams Params { get; init; } = EventParams.None;

    /// <summary>When it fires; null where events come from elsewhere.</summary>
    public ScheduleRule? Schedule { get; init; }

    /// <summary>How requests to its URL are judged; null for types without one.</summary>
    public HookRule? Hook { get; init; }

    /// <summary>The pipeline whose runs it follows; null for the other types.</summary>
    public UpstreamRule? Upstream { get; init; }

    /// <summary>The extension that it subscribes to; null for the other types.</summary>
    public ExtensionRule? Extension { get; init; }
}

/// <summary>A trigger as a document declares it.</summary>
/// <param name="Definition">What it does.</param>
/// <param name="Enabled">Whether events of it run; null keeps what somebody said of it, and of a new one says yes.</param>
public sealed record DeclaredTrigger(TriggerDefinition Definition, bool? Enabled);

/// <summary>When a trigger fires by the clock.</summary>
public sealed record ScheduleRule
{
    /// <summary>The cron expression; null for an interval.</summary>
    public CronSchedule? Cron { get; init; }

    /// <summary>The IANA zone of <see cref="Cron"/>.</summary>
    public string Zone { get; init; } = "UTC";

    /// <summary>What becomes of local times that a change of the clock skips or repeats.</summary>
    public DstPolicy Dst { get; init; } = DstPolicy.Shift;

    /// <summary>The interval; null for a cron expression.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>From when the interval is counted; null until the trigger is made, which is then the time.</summary>
    public DateTimeOffset? Anchor { get; init; }

    /// <summary>What becomes of times that passed while nothing could fire.</summary>
    public CatchUpPolicy CatchUp { get; init; } = CatchUpPolicy.Last;

    /// <summary>How much later than its time it fires at most; the same for the same time.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>The first time strictly after that one, without jitter; null where none comes.</summary>
    /// <exception cref="TimeZoneNotFoundException">This machine does not know the zone any more.</exception>
    public DateTimeOffset? NextAfter(DateTimeOffset after) => Cron is not null
        ? Cron.NextAfter(after, TimeZoneInfo.FindSystemTimeZoneById(Zone), Dst)
        : new IntervalSchedule(Anchor ?? throw new InvalidOperationException("The interval has no anchor yet."), Every!.Value).NextAfter(after);

    /// <summary>Whether the other one has the same times, whatever becomes of those that are missed.</summary>
    public bool SameTimes(ScheduleRule? other) => other is not null && Cron?.Text == other.Cron?.Text && Zone == other.Zone && Dst == other.Dst
        && Every == other.Every && Anchor == other.Anchor && Jitter == other.Jitter;
}

/// <summary>How requests to a trigger's URL are judged.</summary>
public sealed record HookRule
{
    /// <summary>How a request proves where it is from; null where the URL alone does.</summary>
    public SignatureRule? Signature { get; init; }

    /// <summary>What makes two requests one event; null where each is its own.</summary>
    public DedupeRule? Dedupe { get; init; }

    /// <summary>Which events run; of a <c>pipeline</c> trigger too.</summary>
    public EventFilter? Filter { get; init; }

    /// <summary>Which events of GitHub run; null for the other types.</summary>
    public GithubFilter? Github { get; init; }

    /// <summary>The parts as they were written, by member.</summary>
    public IReadOnlyDictionary<string, JsonElement> Written { get; init; } = new Dictionary<string, JsonElement>();
}

/// <summary>The extension that a trigger subscribes to.</summary>
/// <param name="Name">Its name in the install.</param>
/// <param name="With">What the subscription is given, by the names that the extension describes: text, or a reference to a secret in place of all of a value.</param>
public sealed record ExtensionRule(string Name, IReadOnlyDictionary<string, string> With)
{
    /// <summary>The most parameters of a subscription.</summary>
    public const int MaxParams = 100;

    /// <summary>The most bytes of one, as UTF-8.</summary>
    public const int MaxBytes = 64 * 1024;
}

/// <summary>The pipeline whose runs a trigger follows.</summary>
/// <param name="Namespace">Its namespace; null for the trigger's own.</param>
/// <param name="Pipeline">Its name.</param>
/// <param name="On">The outcomes that set the trigger off: words of run states.</param>
public sealed record UpstreamRule(string? Namespace, string Pipeline, IReadOnlyList<string> On);
