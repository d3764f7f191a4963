namespace Gofer.Tests.Chaos.Load.Pipelines;

/// <summary>One task.</summary>
internal sealed class Single : ChaosPipeline
{
    public override string Id => "single";

    public override int Weight => 46;

    public override IReadOnlyList<ChaosTask> Tasks { get; } = [ChaosTask.Plain("only")];
}
