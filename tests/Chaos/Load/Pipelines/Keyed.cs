namespace Gofer.Tests.Chaos.Load.Pipelines;

/// <summary>Two tasks under one key, which tasks of other runs and of <see cref="KeyedBurst"/> share; one frees its slot between its attempts.</summary>
internal sealed class Keyed : ChaosPipeline
{
    public const string Door = "door";
    public const int Slots = 3;

    public override string Id => "keyed";

    public override int Weight => 6;

    public override IReadOnlyList<ChaosTask> Tasks { get; } =
    [
        ChaosTask.Plain("long", "1").Key(Door, Slots),
        ChaosTask.Plain("flaky", "0.3").Key(Door, Slots).Retry(2).Ends(new Ending(75), Ending.Well),
        ChaosTask.Plain("outside", "0").After("success", "long", "flaky"),
    ];
}

/// <summary>Asked for in bursts of more tasks than <see cref="Keyed.Door"/> has slots, so that there is always somebody who waits.</summary>
internal sealed class KeyedBurst : ChaosPipeline
{
    public override string Id => "keyed-burst";

    public override int Weight => 2;

    public override int Burst => 8;

    public override IReadOnlyList<ChaosTask> Tasks { get; } =
    [
        ChaosTask.Plain("inside", "0.8").Key(Keyed.Door, Keyed.Slots), ChaosTask.Plain("outside", "0").After("success", "inside"),
    ];
}
