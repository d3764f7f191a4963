namespace Gofer.Tests.Chaos.Load.Pipelines;

/// <summary>A failure that is allowed: the run succeeds, and children still see it.</summary>
internal sealed class Tolerant : ChaosPipeline
{
    public override string Id => "tolerant";

    public override int Weight => 4;

    public override IReadOnlyList<ChaosTask> Tasks { get; } =
    [
        ChaosTask.Plain("may-fail", "0.1").Ends(new Ending(3)).AllowedToFail(),
        ChaosTask.Plain("sees-it").After("failure", "may-fail"),
    ];
}
