using System.Globalization;
using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Extensions;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Triggers.Hooks;

namespace Gofer.Domain.Triggers;

/// <summary>Reads what a trigger does, from a request, a document or its row, and says everything that is wrong with it.</summary>
public static class TriggerReader
{
    /// <summary>The shortest time between two fires of a schedule.</summary>
    public static readonly TimeSpan ShortestPeriod = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan s_longestInterval = TimeSpan.FromDays(366);
    private static readonly TimeSpan s_longestJitter = TimeSpan.FromHours(24);

    private const string Like = """{"id":"nightly","type":"cron","expression":"30 2 * * *"}""";

    private static readonly Dictionary<string, TriggerType> s_types = Words<TriggerType>();
    private static readonly Dictionary<string, OverlapPolicy> s_overlaps = Words<OverlapPolicy>();

    /// <summary>Names that say in a run that nobody's trigger made it.</summary>
    private static readonly string[] s_reserved = ["manual"];

    /// <summary>The ends of another pipeline's runs that may set a trigger off.</summary>
    internal static string[] Outcomes { get; } = ["succeeded", "failed", "cancelled"];

    /// <summary>The word of a type.</summary>
    public static string Of(TriggerType type) => s_types.First(w => w.Value == type).Key;

    /// <summary>The word of a policy.</summary>
    public static string Of(OverlapPolicy policy) => s_overlaps.First(w => w.Value == policy).Key;

    /// <summary>
    /// Reads a trigger; null where it is so wrong that nothing can be said of it. The members are all known afterwards but <c>enabled</c>, which the caller reads before.
    /// </summary>
    public static TriggerDefinition? Read(JsonFields fields) => Read(fields, ShortestPeriod, stored: false);

    /// <summary>
    /// Reads the list of a document's member; null where it is absent. What their events give their runs must be what the document's own
    /// <paramref name="parameters"/> take, but of those that get another version. Of a document that was <paramref name="stored"/> nothing is asked that may have changed since.
    /// </summary>
    public static IReadOnlyList<DeclaredTrigger>? ReadAll(JsonValue member, IReadOnlyList<ParamDefinition> parameters, bool stored)
    {
        ArgumentNullException.ThrowIfNull(member);
        ArgumentNullException.ThrowIfNull(parameters);
        if (member.IsAbsent) return null;
        var items = member.Items($"[{Like}]");
        if (items.Count > Trigger.MaxCount) member.Invalid($"There are {items.Count} triggers; at most {Trigger.MaxCount} are allowed.");
        var read = new List<DeclaredTrigger>(items.Count);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            if (item.Object(Like) is not { } fields) continue;
            var enabled = fields["enabled"].Flag();
            if (Read(fields, stored ? TimeSpan.Zero : ShortestPeriod, stored) is not { } definition) continue;
            if (definition.Id.Length > 0 && !ids.Add(definition.Id)) fields["id"].Invalid($"The trigger {Shown.Quoted(definition.Id)} is defined twice.");
            if (!stored && definition.Version is null) definition.Params.Check(parameters, fields["params"]);
            read.Add(new DeclaredTrigger(definition, enabled));
        }

        return read;
    }

    private static TriggerDefinition? Read(JsonFields fields, TimeSpan shortest, bool stored)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var id = fields["id"].Required().Text();
        if (id is not null && Slug.Complaint(id) is { } complaint) fields["id"].Invalid($"The id {complaint}");
        else if (id is not null && s_reserved.Contains(id)) fields["id"].Invalid($"'{id}' is what runs say that no trigger made; name it otherwise.");
        if (fields["type"].Required().Choice([.. s_types.Keys]) is not { } word) return null;
        var type = s_types[word];
        var definition = new TriggerDefinition
        {
            Id = id ?? "",
            Type = type,
            Overlap = fields["overlap"].Choice([.. s_overlaps.Keys]) is { } overlap ? s_overlaps[overlap] : OverlapPolicy.Allow,
            Version = (int?)fields["version"].Whole(1, int.MaxValue),
            Params = EventParams.Read(fields["params"]),
            Schedule = type switch
            {
                TriggerType.Cron => Cron(fields, shortest, stored),
                TriggerType.Interval => Interval(fields, shortest),
                _ => null,
            },
            Hook = type switch
            {
                TriggerType.Webhook => Webhook(fields),
                TriggerType.Github => Github(fields),
                TriggerType.Pipeline or TriggerType.Extension => new HookRule { Filter = EventFilter.Read(fields["filter"]), Written = Written(fields, "filter") },
                _ => null,
            },
            Upstream = type == TriggerType.Pipeline ? Upstream(fields) : null,
            Extension = type == TriggerType.Extension ? Extension(fields) : null,
        };
        fields.Done();
        return definition;
    }

    /// <summary>Reads back what <see cref="TriggerWriter"/> wrote; a limit that was lowered since does not unmake a trigger, nor does a zone that this machine does not know.</summary>
    /// <exception cref="InvalidDataException">The text is no trigger: what stores it is damaged.</exception>
    public static TriggerDefinition ReadStored(string text)
    {
        using var json = JsonDocument.Parse(text);
        var faults = new FaultList();
        var definition = JsonFields.Open(json.RootElement.Clone(), faults) is { } fields ? Read(fields, TimeSpan.Zero, stored: true) : null;
        return definition is not null && faults.IsEmpty ? definition : throw new InvalidDataException($"A stored trigger cannot be read: {faults.ToError()?.Message}");
    }

    private static ScheduleRule Cron(JsonFields fields, TimeSpan shortest, bool stored)
    {
        CronSchedule? cron = null;
        var member = fields["expression"].Required();
        if (member.Text() is { } text)
        {
            if (!CronSchedule.TryParse(text, out cron, out var complaint)) member.Invalid(complaint);
            else if (cron.ShortestGap() < shortest) member.Invalid($"It fires more often than once in {Duration.Text(shortest)}, which is the most.");
        }

        var zone = fields["zone"].Text(100);
        // Of one that is stored too a machine may know no zone; it is shown, and may be replaced.
        if (zone is not null && !stored && !Zones.Has(zone))
        {
            fields["zone"].Invalid($"{Shown.Quoted(zone)} is no time zone that this machine knows; write one as Europe/Berlin or UTC.{fields.Faults.Suggest(zone, Zones.Names)}");
        }

        return Common(fields, new ScheduleRule
        {
            Cron = cron,
            Zone = zone ?? "UTC",
            Dst = fields["dst"].Choice([.. DstPolicies.Words]) is { } dst ? DstPolicies.Of(dst) : DstPolicy.Shift,
        });
    }

    private static ScheduleRule Interval(JsonFields fields, TimeSpan shortest)
    {
        DateTimeOffset? anchor = null;
        if (fields["anchor"].Text() is { } text)
        {
            if (DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)) anchor = at;
            else fields["anchor"].Invalid($"'anchor' is {Shown.Quoted(text)}; it must be a time such as 2027-01-01T00:00:00Z.");
        }

        var every = fields["every"].Required();
        if (every is { IsAbsent: false, IsEmpty: true }) every.Invalid("'every' is empty; it must be a duration such as 90s or 1h30m.");
        return Common(fields, new ScheduleRule { Every = Milliseconds(every.Time(shortest, s_longestInterval)) ?? s_longestInterval, Anchor = anchor });
    }

    private static ScheduleRule Common(JsonFields fields, ScheduleRule rule) => rule with
    {
        CatchUp = CatchUpPolicy.Read(fields["catch_up"]) ?? CatchUpPolicy.Last,
        Jitter = Milliseconds(fields["jitter"].Time(TimeSpan.Zero, s_longestJitter)) ?? TimeSpan.Zero,
    };

    /// <summary>What durations say when they are written: what is finer would be another trigger when it is read back.</summary>
    private static TimeSpan? Milliseconds(TimeSpan? time) => time is { } exact ? TimeSpan.FromTicks(exact.Ticks - (exact.Ticks % TimeSpan.TicksPerMillisecond)) : null;

    private static HookRule Webhook(JsonFields fields) => new()
    {
        Signature = SignatureRule.Read(fields["signature"]),
        Dedupe = DedupeRule.Read(fields["dedupe"]),
        Filter = EventFilter.Read(fields["filter"]),
        Written = Written(fields, "signature", "dedupe", "filter"),
    };

    private static HookRule Github(JsonFields fields) => new()
    {
        Signature = SignatureRule.ReadGithub(fields["secret"]),
        Dedupe = DedupeRule.Github,
        Github = GithubFilter.Read(fields),
        Filter = EventFilter.Read(fields["filter"]),
        Written = Written(fields, "secret", "events", "branches", "repository", "filter"),
    };

    private static UpstreamRule Upstream(JsonFields fields)
    {
        var on = new List<string>();
        foreach (var item in fields["on"].Items("""["succeeded"]"""))
        {
            if (item.Choice(Outcomes) is { } outcome && !on.Contains(outcome)) on.Add(outcome);
        }

        var (@namespace, pipeline) = (fields["namespace"].Text(), fields["pipeline"].Required().Text());
        if (@namespace is not null && Slug.Complaint(@namespace) is { } wrong) fields["namespace"].Invalid($"The namespace {wrong}");
        if (pipeline is not null && Slug.Complaint(pipeline) is { } bad) fields["pipeline"].Invalid($"The pipeline {bad}");
        return new UpstreamRule(@namespace, pipeline ?? "", on.Count > 0 ? on : ["succeeded"]);
    }

    private static ExtensionRule Extension(JsonFields fields)
    {
        var name = fields["extension"].Required().Text();
        if (name is not null && Slug.Complaint(name) is { } wrong) fields["extension"].Invalid($"The extension {wrong}");
        return new ExtensionRule(name ?? "", ExtensionSettings.Read(fields["with"], ExtensionRule.MaxParams, ExtensionRule.MaxBytes, ofPipeline: true));
    }

    private static Dictionary<string, JsonElement> Written(JsonFields fields, params string[] names)
    {
        var written = new Dictionary<string, JsonElement>();
        foreach (var name in names)
        {
            if (fields[name].Raw() is { } value) written[name] = value;
        }

        return written;
    }

    private static Dictionary<string, T> Words<T>()
        where T : struct, Enum => Enum.GetValues<T>().ToDictionary(v => JsonNamingPolicy.SnakeCaseLower.ConvertName(v.ToString()), v => v);
}
