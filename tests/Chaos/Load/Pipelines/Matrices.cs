using System.Text.Json.Nodes;

namespace Gofer.Tests.Chaos.Load.Pipelines;

/// <summary>
/// A matrix of two axes whose instances share a key by one of them, with a task that waits for all; one an instance of which fails; one that
/// is skipped for that whole. All within a timeout that the run keeps.
/// </summary>
internal sealed class Matrices : ChaosPipeline
{
    public override string Id => "matrices";

    public override int Weight => 5;

    public override IReadOnlyList<ChaosTask> Tasks { get; } =
    [
        ChaosTask.Plain("source", "0"),
        new ChaosTask(
            "cell",
            """
            echo "$SIDE $SHARD"
            sleep 0.3
            """,
            who => Output.Of($"{who.Matrix!["side"]} {who.Matrix["shard"]}\n"))
            .Matrix(("side", ["left", "right"]), ("shard", ["1", "2"])).Key("side-matrix{{side}}", 2).After("success", "source")
            .Retry(2).InstanceEnds("cell.3", new Ending(75), Ending.Well),
        ChaosTask.Plain("gather", "0").After("success", "cell"),
        ChaosTask.Plain("mixed", "$CHAOS_SECONDS").Matrix(("n", ["1", "2", "3"])).InstanceEnds("mixed.2", new Ending(4)).AllowedToFail(),
        ChaosTask.Plain("mends", "0").After("failure", "mixed"),
        ChaosTask.Plain("unwanted", "0").Matrix(("n", ["1", "2"])).After("success", "mixed"),
        ChaosTask.Plain("in-any-case", "0").After("any", "unwanted"),
    ];

    protected override JsonObject Extra => new() { ["timeout"] = "2m" };
}
