using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gofer.Sdk;

/// <summary>What starts runs of a pipeline by itself while the version that declares it is live. See <see cref="Pipeline.Trigger"/>.</summary>
public abstract record Trigger
{
    private protected Trigger(string type) => Type = type;

    /// <summary>What sets it off, as documents have it.</summary>
    public string Type { get; }

    /// <summary>Whether events of it run; null leaves it as somebody set it, and a new one enabled.</summary>
    public bool? Enabled { get; init; }

    /// <summary>What becomes of an event while a run of it has not ended; null is <see cref="Sdk.Overlap.Allow"/>.</summary>
    public Overlap? Overlap { get; init; }

    /// <summary>The version that its runs get; null for the live one.</summary>
    public int? Version { get; init; }

    /// <summary>The parameters of its runs: values, or where in the event they are.</summary>
    public IReadOnlyDictionary<string, EventValue>? Params { get; init; }
}

/// <summary>Runs by a cron expression of 5 fields, of 6 with seconds first, or such as <c>@daily</c>.</summary>
public sealed record CronTrigger(string Expression) : Trigger("cron")
{
    /// <summary>The IANA zone, such as <c>Europe/Berlin</c>; null is UTC.</summary>
    public string? Zone { get; init; }

    /// <summary>What becomes of local times that a change of the clock skips or repeats; null is <see cref="Sdk.Dst.Shift"/>.</summary>
    public Dst? Dst { get; init; }

    /// <summary>How many of the times fire that passed while nothing could fire them: <c>none</c>, <c>last</c>, <c>all</c> or a number; null is <c>last</c>.</summary>
    public string? CatchUp { get; init; }

    /// <summary>How much later than its time it fires at most, up to 24 hours.</summary>
    public TimeSpan? Jitter { get; init; }
}

/// <summary>Runs again and again after the same time, 10 seconds to 366 days.</summary>
public sealed record IntervalTrigger(TimeSpan Every) : Trigger("interval")
{
    /// <summary>From when it is counted; null for when it is made.</summary>
    public DateTimeOffset? Anchor { get; init; }

    /// <inheritdoc cref="CronTrigger.CatchUp"/>
    public string? CatchUp { get; init; }

    /// <inheritdoc cref="CronTrigger.Jitter"/>
    public TimeSpan? Jitter { get; init; }
}

/// <summary>Runs when a request comes to its secret URL, which <c>gofer trigger rotate</c> gives it.</summary>
public sealed record WebhookTrigger() : Trigger("webhook")
{
    /// <summary>How a request proves where it is from; null where the URL alone does.</summary>
    public HookSignature? Signature { get; init; }

    /// <summary>What makes two requests one event; null where each is its own.</summary>
    public HookDedupe? Dedupe { get; init; }

    /// <summary>The conditions of which an event must meet each.</summary>
    public IReadOnlyList<EventCondition>? Filter { get; init; }
}

/// <summary>Runs by a webhook of GitHub, whose <paramref name="Secret"/> is such as <c>pipeline_secret{{github}}</c>.</summary>
/// <param name="Secret">The secret of the webhook.</param>
/// <param name="Events">GitHub's events, with their actions after a slash: <c>push</c>, <c>pull_request/opened,synchronize</c>.</param>
public sealed record GithubTrigger(string Secret, params IReadOnlyList<string> Events) : Trigger("github")
{
    /// <summary>The branches, also as patterns such as <c>release/*</c>; null for all.</summary>
    public IReadOnlyList<string>? Branches { get; init; }

    /// <summary>The repository as <c>owner/name</c>, also as a pattern; null for all.</summary>
    public string? Repository { get; init; }

    /// <inheritdoc cref="WebhookTrigger.Filter"/>
    public IReadOnlyList<EventCondition>? Filter { get; init; }
}

/// <summary>Runs when a run of another pipeline ends.</summary>
/// <param name="Pipeline">The name of the pipeline that it follows.</param>
public sealed record PipelineTrigger(string Pipeline) : Trigger("pipeline")
{
    /// <summary>Its namespace; null for the trigger's own.</summary>
    public string? Namespace { get; init; }

    /// <summary>The ends that set it off, of <c>succeeded</c>, <c>failed</c> and <c>cancelled</c>; null is <c>succeeded</c>.</summary>
    public IReadOnlyList<string>? On { get; init; }

    /// <inheritdoc cref="WebhookTrigger.Filter"/>
    public IReadOnlyList<EventCondition>? Filter { get; init; }
}

/// <summary>Runs at each event of an extension.</summary>
/// <param name="Extension">The extension's name in the install.</param>
public sealed record ExtensionTrigger(string Extension) : Trigger("extension")
{
    /// <summary>What the subscription is given, by the names that the extension describes; a value may stand for a secret.</summary>
    public IReadOnlyDictionary<string, string>? With { get; init; }

    /// <inheritdoc cref="WebhookTrigger.Filter"/>
    public IReadOnlyList<EventCondition>? Filter { get; init; }
}

/// <summary>What becomes of an event while a run of the same trigger has not ended.</summary>
public enum Overlap
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

/// <summary>What becomes of local times that a change of the clock skips or repeats.</summary>
public enum Dst
{
    /// <summary>A time that does not exist does not fire; one that comes twice fires the first time, and both where the schedule is a rhythm.</summary>
    Skip,

    /// <summary>A time that does not exist fires later by the length of the gap; the rest as <see cref="Skip"/>.</summary>
    Shift,

    /// <summary>The times that do not exist fire once, at the moment of the change; those that come twice fire the first time.</summary>
    Once,

    /// <summary>A time that does not exist fires as with <see cref="Shift"/>; one that comes twice fires twice.</summary>
    Twice,
}

/// <summary>How a request to a trigger's URL proves where it is from, by the key that <paramref name="Secret"/> names.</summary>
/// <param name="Secret">Such as <c>pipeline_secret{{hook}}</c>.</param>
public sealed record HookSignature(string Secret)
{
    /// <summary><c>gofer</c>, <c>github</c> or <c>hmac</c>; null is <c>gofer</c>.</summary>
    public string? Scheme { get; init; }

    /// <summary>How far from now the time of a signature may be, 1 second to 1 hour; null is 5 minutes.</summary>
    public TimeSpan? Tolerance { get; init; }

    /// <summary><c>hmac</c>: the header that has the signature.</summary>
    public string? Header { get; init; }

    /// <summary><c>hmac</c>: <c>sha256</c> or <c>sha512</c>.</summary>
    public string? Algorithm { get; init; }

    /// <summary><c>hmac</c>: <c>hex</c> or <c>base64</c>.</summary>
    public string? Encoding { get; init; }

    /// <summary><c>hmac</c>: what stands before the signature.</summary>
    public string? Prefix { get; init; }

    /// <summary><c>hmac</c>: the header that has the time.</summary>
    public string? TimestampHeader { get; init; }
}

/// <summary>What makes two requests one event: the same text in a place of the body, or in a header.</summary>
public sealed record HookDedupe
{
    /// <summary>The place in the body, a JSON pointer; null where <see cref="Header"/> has the key.</summary>
    public string? Pointer { get; init; }

    /// <summary>The header; null where <see cref="Pointer"/> has the key.</summary>
    public string? Header { get; init; }

    /// <summary>How long a key is remembered.</summary>
    public TimeSpan? Window { get; init; }
}

/// <summary>A condition that an event must meet: one place, and one of what it must be.</summary>
public sealed record EventCondition
{
    /// <summary>The place in the body, a JSON pointer; null where <see cref="Header"/> is judged.</summary>
    public string? Pointer { get; init; }

    /// <summary>The header; null where <see cref="Pointer"/> is judged.</summary>
    public string? Header { get; init; }

    /// <summary>It must be that.</summary>
    [JsonPropertyName("equals")]
    public string? Is { get; init; }

    /// <summary>It must not be that.</summary>
    [JsonPropertyName("not_equals")]
    public string? IsNot { get; init; }

    /// <summary>It must be one of these.</summary>
    public IReadOnlyList<string>? In { get; init; }

    /// <summary>It must match this regular expression.</summary>
    public string? Matches { get; init; }

    /// <summary>Whether it must be there at all.</summary>
    public bool? Exists { get; init; }
}

/// <summary>A parameter of a trigger's runs: a value (text, numbers and truth values are taken as they stand), or a place of the event.</summary>
[JsonConverter(typeof(EventValueConverter))]
public sealed class EventValue
{
    private EventValue(object written) => Written = written;

    internal object Written { get; }

    /// <summary>What stands at a place of the body, a JSON pointer such as <c>/after</c>; <paramref name="standing"/> where nothing does.</summary>
    public static EventValue At(string pointer, object? standing = null) => new(new Place(pointer, null, standing));

    /// <summary>What a header has; <paramref name="standing"/> where it is not there.</summary>
    public static EventValue OfHeader(string header, object? standing = null) => new(new Place(null, header, standing));

    /// <summary>A value as it stands.</summary>
    public static implicit operator EventValue(string value) => new(value);

    /// <inheritdoc cref="op_Implicit(string)"/>
    public static implicit operator EventValue(long value) => new(value);

    /// <inheritdoc cref="op_Implicit(string)"/>
    public static implicit operator EventValue(double value) => new(value);

    /// <inheritdoc cref="op_Implicit(string)"/>
    public static implicit operator EventValue(bool value) => new(value);

    private sealed record Place(string? Pointer, string? Header, object? Default);

    private sealed class EventValueConverter : JsonConverter<EventValue>
    {
        public override EventValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException("Documents are written here and read by the server.");

        public override void Write(Utf8JsonWriter writer, EventValue value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value.Written, value.Written.GetType(), options);
    }
}

/// <summary>Who is told of what while the version that declares it is live. See <see cref="Pipeline.Notification"/>.</summary>
/// <param name="Url">The address, or a secret that is all of it, such as <c>namespace_secret{{hook}}</c>.</param>
/// <param name="On">What is told: <c>failed</c>, <c>recovered</c>, <c>succeeded</c>, <c>cancelled</c>, <c>longer_than</c>.</param>
public sealed record Notification(string Url, params IReadOnlyList<string> On)
{
    /// <summary><c>webhook</c>, a signed event, or <c>slack</c>, a message as Slack and Mattermost take it.</summary>
    public string Type { get; init; } = "webhook";

    /// <summary>The secret that signs what a webhook is sent.</summary>
    public string? Secret { get; init; }

    /// <summary>The time after which <c>longer_than</c> is told, 1 second to 30 days.</summary>
    public TimeSpan? LongerThan { get; init; }

    /// <summary>Whether it tells anything; null for yes.</summary>
    public bool? Enabled { get; init; }
}

/// <summary>Writes triggers and notifications as documents have them.</summary>
internal static class Settings
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower), new DurationConverter() },
    };

    public static void Write(Utf8JsonWriter json, string name, IReadOnlyList<(string Id, object Setting)>? settings)
    {
        if (settings is null) return;
        json.WriteStartArray(name);
        foreach (var (id, setting) in settings)
        {
            json.WriteStartObject();
            json.WriteString("id", id);
            foreach (var member in JsonSerializer.SerializeToElement(setting, setting.GetType(), s_options).EnumerateObject()) member.WriteTo(json);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private sealed class DurationConverter : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException("Documents are written here and read by the server.");

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteStringValue(Durations.Text(value));
    }
}
