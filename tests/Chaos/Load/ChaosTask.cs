using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Gofer.Tests.Chaos.Load;

/// <summary>
/// A task of the load: a shell script that notes its start and end in the journal outside of Gofer, and whose output and ends, attempt by
/// attempt, are known beforehand.
/// </summary>
/// <param name="Id">The task.</param>
/// <param name="Body">What it does between the two notes.</param>
/// <param name="Writes">What <paramref name="Body"/> writes.</param>
internal sealed record ChaosTask(string Id, string Body, Func<Speaker, Output> Writes)
{
    /// <summary>Longer than anybody waits: an attempt that overruns ends by being stopped.</summary>
    private const int Overrun = 60;

    /// <summary>
    /// One append of a short line is one write, so lines of different tasks never mix. <c>$$</c> tells two processes of one attempt
    /// apart. A task that is stopped says so and ends; who stops it signals all its processes, so a <c>date</c> that was hit is asked again.
    /// </summary>
    private const string Prelude =
        """
        note() { t=$(date +%s.%N) || t=$(date +%s.%N); echo "$GOFER_RUN_UUID $GOFER_TASK_ID $GOFER_ATTEMPT $$ $1 $t" >>"$CHAOS_JOURNAL"; }
        trap 'trap "" TERM; note stopped; exit 143' TERM
        note start
        """;

    private static readonly Ending[] s_well = [Ending.Well];

    private IReadOnlyList<Ending> Endings { get; init; } = s_well;

    /// <summary>Instances of a matrix that end otherwise than the rest.</summary>
    private IReadOnlyDictionary<string, IReadOnlyList<Ending>> Others { get; init; } = new Dictionary<string, IReadOnlyList<Ending>>();

    /// <summary>Members of the document that only some tasks have.</summary>
    private JsonObject Extra { get; init; } = [];

    /// <summary>A task that says where it is, works for as long as the run's variables say, and ends with a line that has no end.</summary>
    public static ChaosTask Plain(string id, string seconds = "$CHAOS_SECONDS") => new(
        id,
        $"""
        echo "$GOFER_RUN_UUID $GOFER_TASK_ID begins attempt $GOFER_ATTEMPT"
        echo "$GOFER_TASK_ID warns" >&2
        sleep "{seconds}"
        printf '%s' "$GOFER_TASK_ID ends"
        """,
        who => Output.Of($"{who.Run} {who.Task} begins attempt {who.Attempt}\n{who.Task} ends", $"{who.Task} warns\n"));

    /// <summary>How a task or an instance ends, attempt by attempt: all but the last fail and are followed by another.</summary>
    public IReadOnlyList<Ending> EndingsOf(string node) => Others.GetValueOrDefault(node, Endings);

    public ChaosTask Ends(params Ending[] endings) => this with { Endings = endings };

    public ChaosTask InstanceEnds(string instance, params Ending[] endings) =>
        this with { Others = new Dictionary<string, IReadOnlyList<Ending>>(Others) { [instance] = endings } };

    /// <summary>Its parents with the outcome that each must have come to.</summary>
    public ChaosTask After(string condition, params string[] parents) =>
        With("depends_on", new JsonObject(parents.Select(p => KeyValuePair.Create(p, (JsonNode?)condition))));

    public ChaosTask AllowedToFail() => With("allow_failure", true);

    public ChaosTask Timeout(string time) => With("timeout", time);

    /// <summary>Tried again after waits of up to 0.3, 0.6, 1 s, where nothing else is said.</summary>
    public ChaosTask Retry(int attempts, string wait = "300ms", string longest = "1s", string[]? on = null, int[]? exitCodes = null)
    {
        var policy = new JsonObject { ["max_attempts"] = attempts, ["initial_delay"] = wait, ["factor"] = 2, ["max_delay"] = longest };
        if (on is not null) policy["on"] = new JsonArray([.. on.Select(o => (JsonNode)o)]);
        if (exitCodes is not null) policy["exit_codes"] = new JsonArray([.. exitCodes.Select(c => (JsonNode)c)]);
        return With("retry", policy);
    }

    public ChaosTask Key(string key, int limit) => With("concurrency", new JsonObject { ["key"] = key, ["limit"] = limit });

    public ChaosTask Matrix(params (string Name, string[] Values)[] axes) =>
        With("matrix", new JsonObject(axes.Select(a => KeyValuePair.Create(a.Name, (JsonNode?)new JsonArray([.. a.Values.Select(v => (JsonNode)v)])))));

    public JsonObject ToJson(string journal)
    {
        var task = (JsonObject)Extra.DeepClone();
        task["id"] = Id;
        task["image"] = "busybox:latest";
        task["command"] = new JsonArray("sh", "-c", $"{Prelude}\n{Choice()}\n{Body}\n[ -z \"$overrun\" ] || sleep {Overrun}\nnote end\nexit $code");
        task["variables"] = new JsonObject { ["CHAOS_JOURNAL"] = journal };
        return task;
    }

    /// <summary>The shell's own choice of how this attempt ends: Gofer is told nothing of it.</summary>
    private string Choice()
    {
        var cases = new StringBuilder("code=0 overrun=\ncase \"$GOFER_TASK_ID $GOFER_ATTEMPT\" in\n");
        foreach (var (node, endings) in Others) Add($"\"{node}\"", endings);
        if (Others.Count > 0) cases.AppendJoin('|', Others.Keys.Select(k => $"\"{k} \"*")).AppendLine(") ;;");
        Add("*", Endings);
        return cases.Append("esac").ToString();

        void Add(string node, IReadOnlyList<Ending> endings)
        {
            for (var i = 0; i < endings.Count; i++)
            {
                var choice = endings[i].Overruns ? "overrun=1" : string.Create(CultureInfo.InvariantCulture, $"code={endings[i].ExitCode}");
                cases.Append(CultureInfo.InvariantCulture, $"{node}\" {i + 1}\") {choice} ;;\n");
            }
        }
    }

    private ChaosTask With(string member, JsonNode value)
    {
        var extra = (JsonObject)Extra.DeepClone();
        extra[member] = value;
        return this with { Extra = extra };
    }
}
