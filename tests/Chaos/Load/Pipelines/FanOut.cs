namespace Gofer.Tests.Chaos.Load.Pipelines;

/// <summary>One task, twenty that follow it at once, and one that waits for all of them.</summary>
internal sealed class FanOut : ChaosPipeline
{
    private static readonly string[] s_leaves = [.. Enumerable.Range(1, 20).Select(i => $"leaf-{i}")];

    public override string Id => "fan-out";

    public override int Weight => 6;

    public override IReadOnlyList<ChaosTask> Tasks { get; } =
    [
        ChaosTask.Plain("root", "0"),
        .. s_leaves.Select((leaf, i) => ChaosTask.Plain(leaf, i % 4 == 0 ? "$CHAOS_SECONDS" : "0.1").After("success", "root")),
        ChaosTask.Plain("join", "0").After("success", s_leaves),
    ];
}
