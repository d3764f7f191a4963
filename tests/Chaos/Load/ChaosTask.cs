using System.Text;
using System.Text.Json.Nodes;

namespace Gofer.Tests.Chaos.Load;

/// <summary>What a task of one run must have written, whole.</summary>
internal sealed record Output(byte[] Stdout, byte[] Stderr)
{
    public static Output Of(string stdout, string stderr = "") => new(Encoding.UTF8.GetBytes(stdout), Encoding.UTF8.GetBytes(stderr));
}

/// <summary>
/// A task of the load: a shell script that notes its start and end in the journal outside of Gofer, and whose output and exit code are
/// known beforehand.
/// </summary>
/// <param name="Id">The task.</param>
/// <param name="Body">What it does between the two notes.</param>
/// <param name="Writes">What <paramref name="Body"/> writes, by the run's id.</param>
internal sealed record ChaosTask(string Id, string Body, Func<Guid, Output> Writes)
{
    /// <summary>
    /// One append of a short line is one write, so lines of different tasks never mix. <c>$$</c> tells two processes of one attempt
    /// apart. A task that is stopped says so and ends.
    /// </summary>
    private const string Prelude =
        """
        note() { echo "$GOFER_RUN_UUID $GOFER_TASK_ID $GOFER_ATTEMPT $$ $1 $(date +%s.%N)" >>"$CHAOS_JOURNAL"; }
        trap 'note stopped; exit 143' TERM
        note start
        """;

    public int ExitCode { get; init; }

    public bool AllowFailure { get; init; }

    /// <summary>Parents with the outcome that each must have come to.</summary>
    public IReadOnlyDictionary<string, string> Parents { get; init; } = new Dictionary<string, string>();

    /// <summary>Members of the document that only some tasks have.</summary>
    public JsonObject Extra { get; init; } = [];

    /// <summary>A task that says where it is, works for as long as the run's variables say, and ends with a line that has no end.</summary>
    public static ChaosTask Plain(string id, string seconds = "$CHAOS_SECONDS") => new(
        id,
        $"""
        echo "$GOFER_RUN_UUID $GOFER_TASK_ID begins"
        echo "$GOFER_TASK_ID warns" >&2
        sleep "{seconds}"
        printf '%s' "$GOFER_TASK_ID ends"
        """,
        run => Output.Of($"{run} {id} begins\n{id} ends", $"{id} warns\n"));

    public ChaosTask After(string condition, params string[] parents) => this with { Parents = parents.ToDictionary(p => p, _ => condition) };

    public JsonObject ToJson(string journal)
    {
        var task = (JsonObject)Extra.DeepClone();
        task["id"] = Id;
        task["image"] = "busybox:latest";
        task["command"] = new JsonArray("sh", "-c", $"{Prelude}\n{Body}\nnote end\nexit {ExitCode}");
        task["variables"] = new JsonObject { ["CHAOS_JOURNAL"] = journal };
        task["depends_on"] = new JsonObject(Parents.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value)));
        if (AllowFailure) task["allow_failure"] = true;
        return task;
    }
}
