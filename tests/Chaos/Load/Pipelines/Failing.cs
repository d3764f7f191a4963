namespace Gofer.Tests.Chaos.Load.Pipelines;

/// <summary>A task that fails, with a child for each thing that a parent may come to, and one that follows a skipped one.</summary>
internal sealed class Failing : ChaosPipeline
{
    public override string Id => "failing";

    public override int Weight => 8;

    public override IReadOnlyList<ChaosTask> Tasks { get; } =
    [
        ChaosTask.Plain("fails").Ends(new Ending(7)),
        ChaosTask.Plain("mends", "0.1").After("failure", "fails"),
        ChaosTask.Plain("never", "0").After("success", "fails"),
        ChaosTask.Plain("whatever", "0.1").After("any", "fails"),
        ChaosTask.Plain("in-any-case", "0").After("any", "never", "mends"),
        ChaosTask.Plain("not-either", "0").After("success", "never"),
    ];
}
