using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using Gofer.Domain.SharedTasks;
using Gofer.Domain.Triggers;
using static Gofer.Domain.Pipelines.SchemaParts;

namespace Gofer.Domain.Pipelines;

/// <summary>
/// The document described for editors, SDKs and other programs: a JSON Schema of draft 2020-12, made of the same words, patterns and sizes
/// by which <see cref="DocumentReader"/> judges. What the reader accepts the schema accepts, always. The reader alone judges what a schema cannot
/// say: parents and parameters that must exist, cycles, ids that stand twice, the instances of a matrix, bounds of durations and quantities,
/// sizes in bytes, and strings that are no text. Members that this version does not act on may only ask for nothing, and carry the
/// <c>$comment</c> <see cref="NotSupported"/>.
/// </summary>
public static class PipelineSchema
{
    /// <summary>The schema's own name.</summary>
    public const string Id = "urn:gofer:schema:pipeline.v1";

    /// <summary>The comment of a member that this version does not act on.</summary>
    public const string NotSupported = "not_supported";

    /// <summary>A number of a version: see <see cref="TaskVersion.Greatest"/>.</summary>
    private const string VersionNumber = "(0|[1-9][0-9]{0,5})";

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema as indented JSON; <paramref name="limits"/> are those in force where the documents will be judged.</summary>
    public static string Write(DocumentLimits limits)
    {
        var schema = new JsonObject { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", ["$id"] = Id, ["title"] = "A Gofer pipeline" };
        Merge(schema, Pipeline(limits));
        schema["$defs"] = new JsonObject
        {
            ["id"] = Text(min: 1, max: Slug.MaxLength, pattern: Whole(Slug.Pattern)),
            ["duration"] = Text(pattern: $"^({Duration.Pattern})?$", examples: ["90s", "1h30m", "500ms"]),
            ["quantity"] = Text(max: Quantity.MaxLength, pattern: Whole(Quantity.Pattern)),
            ["variable"] = Merge(Text(max: limits.VariableBytes), NoBadKey()),
            ["condition"] = OneOf(DocumentWords.Conditions),
            ["param"] = Param(limits),
            ["task"] = Task(limits),
            ["trigger"] = TriggerSchema.Trigger(),
            ["trigger_signature"] = TriggerSchema.Signature(),
            ["trigger_dedupe"] = TriggerSchema.Dedupe(),
            ["trigger_condition"] = TriggerSchema.Condition(),
            ["trigger_value"] = TriggerSchema.Value(),
            ["notification"] = TriggerSchema.Notification(),
        };
        return schema.ToJsonString(s_indented).ReplaceLineEndings("\n") + "\n";
    }

    private static JsonObject Pipeline(DocumentLimits limits) => Members(
        ["id", "tasks"],
        ("$schema", Described("Where this schema is, for editors; ignored.", new JsonObject())),
        ("id", Described("The pipeline's name in its namespace: 1 to 63 letters, digits, '-' and '_', the first a letter or digit.", Ref("id"))),
        ("name", Described("A title for people. The id where there is none.", Optional(Text(max: limits.Name)))),
        ("description", Described("What the pipeline is for.", Optional(Text(max: limits.Description)))),
        ("labels", Described("Labels that every run carries; a run may add its own.", Optional(Labels(limits)))),
        ("parallelism", Described("How many runs may be active at a time; 0, the default, sets no limit. That of the live version is in force.", Optional(Integer(0, limits.Parallelism), 0))),
        ("on_limit", Described(
            "What becomes of a run that finds that many active: it waits (queue), the oldest is cancelled for it (cancel_oldest), or it ends at once, cancelled (skip).",
            Optional(OneOf([.. DocumentWords.Policies, ""], shown: DocumentWords.Policies), "queue"))),
        ("timeout", Described("How long a run may take from its start, 100ms to 30d; then it fails as run_timeout.", Optional(Ref("duration")))),
        ("priority", Described("The priority of runs that name none; higher goes first.", Optional(Integer(-limits.Priority, limits.Priority), 0))),
        ("params", Described("The parameters that a run takes. param{{name}} stands for a value in 'variables', 'registry_auth' and a concurrency key.", Optional(List(Ref("param"), max: limits.Params)))),
        ("triggers", Described(
            "What starts runs by itself while the version is live; what the API made beside them stays. Left away, those that there are stay; empty, none that a document declared is left.",
            Optional(List(Ref("trigger"), max: Trigger.MaxCount)))),
        ("notifications", Described(
            "Who is told of what while the version is live; what the API made beside them stays. Left away, those that there are stay; empty, none that a document declared is left.",
            Optional(List(Ref("notification"), max: NotificationDefinition.MaxCount)))),
("tasks", Described("The tasks: containers, and shared tasks.", List(Ref("task"), 1, limits.Tasks))));

    private static JsonObject Task(DocumentLimits limits)
    {
        var container = new JsonObject { ["image"] = Text(min: 1), ["uses"] = Nothing("maxLength"), ["with"] = Nothing("maxProperties") };
        var shared = new JsonObject { ["uses"] = Text(min: 1) };
        foreach (var member in new[] { "image", "working_dir", "user" }) shared[member] = Nothing("maxLength");
        foreach (var member in new[] { "entrypoint", "command" }) shared[member] = Nothing("maxItems");
        shared["registry_auth"] = new JsonObject { ["type"] = "null" };
        shared["always_pull_newest_image"] = new JsonObject { ["enum"] = new JsonArray(false, null) };
        return Merge(TaskMembers(limits), new JsonObject
        {
            ["anyOf"] = new JsonArray(
                new JsonObject { ["required"] = new JsonArray("image"), ["properties"] = container }, new JsonObject { ["required"] = new JsonArray("uses"), ["properties"] = shared }),
        });

        // Null is as good as nothing, and no such keyword speaks of it.
        static JsonObject Nothing(string keyword) => new() { [keyword] = 0 };
    }

    private static JsonObject TaskMembers(DocumentLimits limits) => Members(
        ["id"],
        ("id", Described("The task's name in its pipeline.", Ref("id"))),
        ("image", Described("The image, as the container engine names it.", Optional(Text(0, limits.Image, @"^[^\s\u0000-\u001f\u007f-\u009f]*$", ["busybox:latest", "ubuntu:24.04"])))),
        ("description", Described("What the task is for.", Optional(Text(max: limits.Description)))),
        ("registry_auth", Described("How to log in to the image's registry.", Optional(Login(limits)))),
        ("depends_on", Described(
            "The parents by id and what each must have come to: success, failure (also where it is allowed), or any (succeeded, failed or skipped). Letter case does not matter.",
            Optional(Map(Ref("id"), Ref("condition"), limits.Parents)))),
        ("variables", Described("The container's environment, exactly as written. A value may be param{{name}}, or a secret: pipeline_secret{{key}}, namespace_secret{{key}}, global_secret{{key}}.", Optional(Map(
            Text(1, limits.VariableName, $"^(?!{UserMaps.ReservedPrefix})[^=]*$"), Optional(Ref("variable")), limits.Variables)))),
        ("entrypoint", Described("Replaces the image's entrypoint.", Optional(List(Text(max: limits.WordBytes))))),
        ("command", Described("Replaces the image's command. No shell reads it: for a script write [\"sh\", \"-c\", \"…\"].", Optional(List(Text(max: limits.WordBytes))))),
        ("working_dir", Described("The folder in which the command starts.", Optional(Text(max: limits.Setting)))),
        ("user", Described("The user as whom the command runs.", Optional(Text(max: limits.Setting)))),
        ("inject_api_token", Described("Gives the task a token for the API, GOFER_API_TOKEN: for its own run alone, and until that ends.", Optional(Of("boolean"), false))),
        ("always_pull_newest_image", Described("Pulls the image even where the engine has one of that name.", Optional(Of("boolean"), false))),
        ("resources", Described("What the container gets at most.", Optional(Resources()))),
        ("timeout", Described("How long an attempt may take from its container's start, 100ms to 30d.", Optional(Ref("duration")))),
        ("allow_failure", Described("The task's failure does not fail the run; its children see a failure all the same.", Optional(Of("boolean"), false))),
        ("retry", Described("What is tried again. Without it, or where it is empty, there is one attempt.", Optional(Retry(limits)))),
        ("concurrency", Described("A limit that the task shares with others of its namespace.", Optional(Concurrency(limits)))),
        ("matrix", Described("Runs the task once for each combination of these values; each is a variable of its instance, its name in upper case.", Optional(Matrix(limits)))),
        ("uses", Described(
            "A shared task in place of a container, such as lint@2: the newest version 2.x of 'lint', of the namespace or else of the install. lint@2.1 is the newest 2.1.x.",
            Optional(Text(pattern: $"^({Slug.Pattern}@{VersionNumber}(\\.{VersionNumber})?)?$", examples: ["lint@2", "lint@2.1"])))),
        ("with", Described(
            "What the shared task gets, by the names of its inputs. param{{name}} may stand inside of a text; a whole value may be a secret or an object, as in 'variables'.",
            Optional(Map(Ref("id"), Either(Ref("variable"), new JsonObject { ["type"] = new JsonArray("number", "boolean", "null") }), limits.Params)))));

    private static JsonObject Retry(DocumentLimits limits) => Members(
        [],
        ("max_attempts", Described("Attempts in all; the first counts.", Optional(Integer(1, limits.Attempts), 3))),
        ("initial_delay", Described("The longest wait after the first failure, at most 7d.", Optional(Ref("duration"), "1s"))),
        ("factor", Described("What each further failure multiplies the wait with.", Optional(Of("number", ("minimum", 1), ("maximum", RetryPolicy.MaxFactor)), 2))),
        ("max_delay", Described("The longest wait of all, at most 7d.", Optional(Ref("duration"), "5m"))),
        ("on", Described("The failures that are tried again; all where none is named.", Optional(List(OneOf(DocumentWords.Failures))))),
        ("exit_codes", Described("The exit codes that are tried again, where 'on' has exit_code; all where none is named.", Optional(List(Integer(1, DocumentWords.MaxExitCode))))));

    private static JsonObject Concurrency(DocumentLimits limits)
    {
        var rule = Members(
            [],
            ("key", Described("Tasks with one key share the limit. param{{x}} and matrix{{x}} may stand inside of it.", Text(1, ConcurrencyRule.MaxKey))),
            ("limit", Described("How many of them run at a time.", Integer(1, limits.Concurrency))));
        // An empty object asks for nothing.
        rule["anyOf"] = new JsonArray(new JsonObject { ["required"] = new JsonArray("key", "limit") }, new JsonObject { ["maxProperties"] = 0 });
        return rule;
    }

    private static JsonObject Matrix(DocumentLimits limits)
    {
        var values = List(Text(max: limits.VariableBytes), 1, limits.Tasks);
        values["uniqueItems"] = true;
        return Map(Text(pattern: $"^(?!{AnyCase(UserMaps.ReservedPrefix)})[A-Za-z_][A-Za-z0-9_]{{0,62}}$"), values, limits.MatrixMembers);
    }

    private static JsonObject Login(DocumentLimits limits) => Members(
        ["user", "pass"],
        ("user", Described("The login's name. It may be param{{name}}, or a secret such as pipeline_secret{{key}}.", Merge(Text(max: limits.Setting), NoBadKey()))),
        ("pass", Described("Its password: a secret, such as pipeline_secret{{key}}, namespace_secret{{key}} or global_secret{{key}}.", Text(max: limits.Setting, pattern: Secret()))));

    private static JsonObject Resources() => Members(
        [],
        ("cpu", Described("CPU, from 10m (a hundredth of a core) to 1000 cores: 500m, 2.", Optional(Ref("quantity")))),
        ("memory", Described("Memory, from 6Mi to 1Pi: 256Mi, 1Gi.", Optional(Ref("quantity")))));

    private static JsonObject Labels(DocumentLimits limits) =>
        Map(Text(1, limits.LabelKey, @"^[^:\s\u0000-\u001f\u007f-\u009f]+$"), Optional(Text(max: limits.LabelValue)), limits.Labels);

    private static JsonObject Param(DocumentLimits limits)
    {
        var param = Members(
            ["name"],
            ("name", Described("The parameter's name.", Ref("id"))),
            ("type", Described("What its values are; int has 64 bits.", Optional(OneOf(DocumentWords.Types), "string"))),
            ("default", Described("Its value where a run gives none. Without it every run must give one.", new JsonObject())),
            ("choices", Described("The only values that it may have; any of the type where there are none.", Optional(List(new JsonObject(), 0, limits.Choices)))),
            ("description", Described("What it is for.", Optional(Text(max: limits.Description)))));
        // Text that says a value of the type is one, as on a command line.
        var types = new (string Type, JsonObject Value)[]
        {
            ("string", Text(max: limits.VariableBytes)),
            ("int", Either(Of("integer"), Text(pattern: "^[+-]?[0-9]+$"))),
            ("number", Either(Of("number"), Text(pattern: @"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"))),
            ("bool", new JsonObject { ["enum"] = new JsonArray(true, false, "true", "false") }),
        };
        param["allOf"] = new JsonArray([.. types.Select(t => new JsonObject
        {
            ["if"] = TypeIs(t.Type),
            ["then"] = new JsonObject { ["properties"] = new JsonObject { ["default"] = Optional(t.Value.DeepClone().AsObject()), ["choices"] = new JsonObject { ["items"] = t.Value } } },
        })]);
        return param;
    }

    internal static JsonObject TypeIs(string type)
    {
        var test = new JsonObject { ["properties"] = new JsonObject { ["type"] = type == "string" ? Optional(OneOf([type])) : OneOf([type]) } };
        if (type != "string") test["required"] = new JsonArray("type");
        return test;
    }

    /// <summary>What stands for a secret, and nothing else.</summary>
    internal static string Secret() =>
        $@"^\s*({string.Join('|', Interpolation.Kinds.Where(Interpolation.IsSecret).Select(AnyCase))})\{{\{{\s*{Slug.Pattern}\s*\}}\}}\s*$";

    /// <summary>Refuses what stands for a secret or an object of a key that cannot be.</summary>
    private static JsonObject NoBadKey()
    {
        var kinds = string.Join('|', Interpolation.Kinds.Where(k => k != Interpolation.Param).Select(AnyCase));
        return new JsonObject { ["not"] = Text(pattern: $@"^\s*({kinds})\{{\{{(?!\s*{Slug.Pattern}\s*\}})[^{{}}]*\}}\}}\s*$") };
    }
}
