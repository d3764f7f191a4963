using System.Text.Json.Nodes;

namespace Gofer.Tests.Chaos.Load.Pipelines;

/// <summary>A run that cannot end before its timeout: one of its tasks runs then, one waits to be tried again, one for its parent.</summary>
internal sealed class OutOfTime : ChaosPipeline
{
    public override string Id => "out-of-time";

    public override int Weight => 7;

    public override IReadOnlyList<ChaosTask> Tasks { get; } =
    [
        ChaosTask.Plain("quick", "0.1"),
        ChaosTask.Plain("hangs", "0.1").After("success", "quick").Ends(Ending.Overrun),
        ChaosTask.Plain("tries", "0.1").Retry(9, wait: "20s", longest: "20s").Ends([.. Enumerable.Repeat(new Ending(75), 9)]),
        ChaosTask.Plain("never", "0").After("success", "hangs"),
    ];

    protected override JsonObject Extra => new() { ["timeout"] = "3s" };
}
