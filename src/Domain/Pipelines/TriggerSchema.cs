using System.Text.Json.Nodes;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using Gofer.Domain.Triggers;
using Gofer.Domain.Triggers.Hooks;
using static Gofer.Domain.Pipelines.SchemaParts;

namespace Gofer.Domain.Pipelines;

/// <summary>What <see cref="PipelineSchema"/> says of triggers and notifications.</summary>
internal static class TriggerSchema
{
    private static readonly string[] s_all = ["id", "type", "enabled", "overlap", "version", "params"];

    /// <summary>The members that only some types have, and of these the ones that must be there.</summary>
    private static readonly Dictionary<TriggerType, (string[] Own, string[] Required)> s_members = new()
    {
        [TriggerType.Cron] = (["expression", "zone", "dst", "catch_up", "jitter"], ["expression"]),
        [TriggerType.Interval] = (["every", "anchor", "catch_up", "jitter"], ["every"]),
        [TriggerType.Webhook] = (["signature", "dedupe", "filter"], []),
        [TriggerType.Github] = (["secret", "events", "branches", "repository", "filter"], ["secret", "events"]),
        [TriggerType.Pipeline] = (["namespace", "pipeline", "on", "filter"], ["pipeline"]),
        [TriggerType.Extension] = (["extension", "with", "filter"], ["extension"]),
    };

    public static JsonObject Trigger()
    {
        var trigger = Members(
            ["id", "type"],
            ("id", Described("The trigger's name in its pipeline.", Ref("id"))),
            ("type", Described("What sets it off.", OneOf([.. Enum.GetValues<TriggerType>().Select(TriggerReader.Of)]))),
            ("enabled", Described("Whether events of it run. Left away, a new one is enabled, and of one that is there it stays as somebody set it.", Optional(Of("boolean")))),
            ("overlap", Described(
                "What becomes of an event while a run of it has not ended: it runs beside it (allow), does not run (skip), waits, the only one (queue_one) or after others (queue), or the oldest run is cancelled for it (cancel_oldest).",
                Optional(OneOf([.. Enum.GetValues<OverlapPolicy>().Select(TriggerReader.Of)]), "allow"))),
            ("version", Described("The version that its runs get; the live one where it is left away.", Optional(Integer(1, int.MaxValue)))),
            ("params", Described("The parameters of its runs: values, or where in the event they are.", Optional(Map(Of("string"), Either(Of("string"), Of("number"), Of("boolean"), Of("null"), Ref("trigger_value")), EventParams.MaxCount)))),
            ("expression", Described("cron: 5 fields, or 6 with seconds first, or such as @daily.", Text(1, examples: ["30 2 * * *", "*/15 * * * *", "@daily"]))),
            ("zone", Described("cron: the IANA zone.", Optional(Text(1, 100, examples: ["Europe/Berlin"]), "UTC"))),
            ("dst", Described("cron: what becomes of local times that a change of the clock skips or repeats.", Optional(OneOf([.. DstPolicies.Words]), "shift"))),
            ("every", Described("interval: how often, 10s to 366d.", Text(pattern: $"^{Duration.Pattern}$", examples: ["15m"]))),
            ("anchor", Described("interval: from when it is counted; from when it was made, where it is left away.", Optional(Text(1, examples: ["2027-01-01T00:00:00Z"])))),
            ("catch_up", Described(
                $"Schedules: how many of the times fire that passed while nothing could fire them: none, last, all, or the newest so many, 1 to {CatchUpPolicy.MaxCount}.",
                Optional(Either(new JsonObject { ["enum"] = new JsonArray("none", "last", "all") }, Integer(1, CatchUpPolicy.MaxCount), Text(pattern: "^0*([1-9][0-9]{0,2}|1000)$")), "last"))),
            ("jitter", Described("Schedules: how much later than its time it fires at most, up to 24h.", Optional(Ref("duration"), "0s"))),
            ("signature", Described("webhook: how a request proves where it is from.", Optional(Ref("trigger_signature")))),
            ("dedupe", Described("webhook: what makes two requests one event.", Optional(Ref("trigger_dedupe")))),
            ("filter", Described("webhook, github, pipeline, extension: the conditions of which an event must meet each.", Optional(List(Ref("trigger_condition"), max: EventFilter.MaxCount)))),
            ("secret", Described("github: the secret of GitHub's webhook, such as pipeline_secret{{hook}}.", Text(1))),
            ("events", Described("github: its events, with their actions after a slash: push, pull_request/opened,synchronize.", List(Text(1), 1, GithubFilter.MaxCount))),
            ("branches", Described("github: the branches, also as patterns such as release/*; all where there are none.", Optional(List(Text(max: GithubFilter.MaxPattern), max: GithubFilter.MaxCount)))),
            ("repository", Described("github: the repository as owner/name, also as a pattern such as owner/*.", Optional(Text(3, GithubFilter.MaxPattern)))),
            ("namespace", Described("pipeline: the namespace of the pipeline that it follows; its own where it is left away.", Optional(Ref("id")))),
            ("pipeline", Described("pipeline: the pipeline that it follows.", Ref("id"))),
            ("extension", Described("extension: the extension that it subscribes to.", Ref("id"))),
            ("with", Described("extension: what the subscription is given, by the names that the extension describes.", Optional(Map(Of("string"), Either(Of("string"), Of("number"), Of("boolean")), ExtensionRule.MaxParams)))),
            ("on", Described("pipeline: the ends of that one's runs that set it off; succeeded where it is left away.", Optional(List(OneOf(TriggerReader.Outcomes))))));
        trigger["allOf"] = new JsonArray([.. s_members.Select(m => new JsonObject
        {
            ["if"] = PipelineSchema.TypeIs(TriggerReader.Of(m.Key)),
            ["then"] = new JsonObject
            {
                ["propertyNames"] = new JsonObject { ["enum"] = Names([.. s_all, .. m.Value.Own]) },
                ["required"] = Names(m.Value.Required),
            },
        })]);
        return trigger;
    }

    public static JsonObject Signature() => Members(
        ["secret"],
        ("secret", Described("The secret that is the key, such as pipeline_secret{{hook}}.", Text(1))),
        ("scheme", Described("Gofer-Signature with a time (gofer), X-Hub-Signature-256 (github), or a header of your own (hmac).", Optional(OneOf(["gofer", "github", "hmac"]), "gofer"))),
        ("tolerance", Described("How far from now the time of a signature may be, 1s to 1h.", Optional(Ref("duration"), "5m"))),
        ("header", Described("hmac: the header that has the signature.", Optional(Header()))),
        ("algorithm", Described("hmac: the hash.", Optional(OneOf(["sha256", "sha512"]), "sha256"))),
        ("encoding", Described("hmac: how it is written.", Optional(OneOf(["hex", "base64"]), "hex"))),
        ("prefix", Described("hmac: what stands before it.", Optional(Text(max: 32)))),
        ("timestamp_header", Described("hmac: the header that has the time, which is signed as time.body.", Optional(Header()))));

    public static JsonObject Dedupe() => Members(
        [],
        ("pointer", Pointer()),
        ("header", Described("The header that has the key.", Optional(Header()))),
        ("window", Described("How long a key is remembered.", Optional(Ref("duration")))));

    public static JsonObject Condition() => Members(
        [],
        ("pointer", Pointer()),
        ("header", Described("The header that is judged.", Optional(Header()))),
        ("equals", Described("It must be that.", new JsonObject())),
        ("not_equals", Described("It must not be that.", new JsonObject())),
        ("in", Described("It must be one of these.", Optional(List(new JsonObject(), 1, EventFilter.MaxValues)))),
        ("matches", Described("It must match this regular expression.", Optional(Of("string")))),
        ("exists", Described("Whether it must be there at all.", Optional(Of("boolean")))));

    public static JsonObject Value() => Members(
        [],
        ("pointer", Pointer()),
        ("header", Described("The header that has the value.", Optional(Header()))),
        ("default", Described("The value where nothing is there; without it the run fails to be made.", Optional(Either(Of("string"), Of("number"), Of("boolean"))))));

    public static JsonObject Notification() => Members(
        ["id", "on", "type", "url"],
        ("id", Described("The notification's name in its pipeline.", Ref("id"))),
        ("on", Described("What is told.", List(OneOf([.. NotificationWords.Outcomes]), 1))),
        ("type", Described("How: a signed event (webhook), or a message as Slack and Mattermost take it (slack).", OneOf([.. NotificationWords.Types]))),
        ("url", Described("The address, or a secret that is all of it, such as namespace_secret{{hook}}.", Text(1))),
        ("secret", Described("webhook: the secret that signs, such as pipeline_secret{{hook-key}}.", Optional(Text(pattern: PipelineSchema.Secret())))),
        ("longer_than", Described("The time after which longer_than is told, 1s to 30d.", Optional(Ref("duration")))),
        ("enabled", Described("Whether it tells anything.", Optional(Of("boolean"), true))));

    private static JsonObject Pointer() => Described("The place in the body: a JSON pointer such as /after.", Optional(Of("string")));

    private static JsonObject Header() => Text(1, 100, "^[A-Za-z0-9_-]+$");

    private static JsonArray Names(IEnumerable<string> names) => new([.. names.Select(n => (JsonNode?)n)]);
}
