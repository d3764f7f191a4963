namespace Gofer.Tests.Chaos.Load.Pipelines;

/// <summary>A task that overruns its timeout and is better the second time, one that is not tried again for that, and one that is in time.</summary>
internal sealed class Overdue : ChaosPipeline
{
    public override string Id => "overdue";

    public override int Weight => 9;

    public override IReadOnlyList<ChaosTask> Tasks { get; } =
    [
        ChaosTask.Plain("hangs-once", "0.1").Timeout("1500ms").Retry(2).Ends(Ending.Overrun, Ending.Well),
        ChaosTask.Plain("hangs", "0.1").Timeout("1s").Retry(3, on: ["exit_code"]).Ends(Ending.Overrun).AllowedToFail(),
        ChaosTask.Plain("in-time").Timeout("30s").Retry(2, on: ["timeout"]),
        ChaosTask.Plain("mends", "0").After("failure", "hangs"),
    ];
}
