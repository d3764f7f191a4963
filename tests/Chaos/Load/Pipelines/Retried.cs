namespace Gofer.Tests.Chaos.Load.Pipelines;

/// <summary>
/// A task that fails twice before it succeeds and outlives a lease in between, one that fails as often as it may, and one whose second failure
/// is none that is tried again.
/// </summary>
internal sealed class Retried : ChaosPipeline
{
    private const int Passing = 75;

    public override string Id => "retried";

    public override int Weight => 10;

    public override IReadOnlyList<ChaosTask> Tasks { get; } =
    [
        ChaosTask.Plain("flaky", "$([ $GOFER_ATTEMPT = 2 ] && echo $CHAOS_SECONDS || echo 0.1)").Retry(4, exitCodes: [Passing])
            .Ends(new Ending(Passing), new Ending(Passing), Ending.Well),
        ChaosTask.Plain("hopeless", "0.1").Retry(3).Ends(new Ending(9), new Ending(9), new Ending(9)).AllowedToFail(),
        ChaosTask.Plain("gives-up", "0.1").Retry(5, exitCodes: [Passing]).Ends(new Ending(Passing), new Ending(3)).AllowedToFail(),
        ChaosTask.Plain("follows", "0").After("success", "flaky"),
        ChaosTask.Plain("mends", "0.1").After("failure", "hopeless", "gives-up"),
    ];
}
