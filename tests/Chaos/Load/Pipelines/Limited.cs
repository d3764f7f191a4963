namespace Gofer.Tests.Chaos.Load.Pipelines;

/// <summary>Never more than three runs at a time; asked for in bursts, so that there is always somebody who waits.</summary>
internal sealed class Limited : ChaosPipeline
{
    public override string Id => "limited";

    public override int Weight => 4;

    public override int Burst => 5;

    public override int Parallelism => 3;

    public override IReadOnlyList<ChaosTask> Tasks { get; } = [ChaosTask.Plain("first", "0.3"), ChaosTask.Plain("second", "0.2").After("success", "first")];
}
