namespace Gofer.Tests.Chaos.Load.Pipelines;

/// <summary>A task, two that follow it, and one that waits for both.</summary>
internal sealed class Diamond : ChaosPipeline
{
    public override string Id => "diamond";

    public override int Weight => 22;

    public override IReadOnlyList<ChaosTask> Tasks { get; } =
    [
        ChaosTask.Plain("top", "0.1"),
        ChaosTask.Plain("left").After("success", "top"),
        ChaosTask.Plain("right", "0.2").After("success", "top"),
        ChaosTask.Plain("bottom", "0").After("success", "left", "right"),
    ];
}
