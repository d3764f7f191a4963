using System.Diagnostics;
using System.Globalization;
using Gofer.Tests.Chaos.Checks;
using Gofer.Tests.Chaos.Checks.Invariants;
using Gofer.Tests.Chaos.Faults;
using Gofer.Tests.Chaos.Install;
using Gofer.Tests.Chaos.Load;

namespace Gofer.Tests.Chaos;

/// <summary>One run of the harness: start everything, load and faults together, drain, look a last time, report.</summary>
internal sealed class Harness(Settings settings, TextWriter output)
{
    /// <summary>How long everything may take to end once the faults have stopped.</summary>
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(30);

    private readonly DrainsInTime _drain = new(s_drain);

    /// <summary>Runs it; the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var profile = settings.Profile;
        output.WriteLine($"profile {profile.Name}, seed {settings.Seed}, {settings.Gofer}");
        await using var install = await GoferInstall.CreateAsync(settings, cancellationToken);
        await Audit.InstallAsync(install.Direct, cancellationToken);
        var starting = Stopwatch.StartNew();
        await install.StartAsync(cancellationToken);
        profile = settings.Pace is { } pace ? profile with { Length = profile.Length * pace } : profile.AtPaceOf(starting.Elapsed);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"all processes came up in {starting.Elapsed.TotalSeconds:0.0} s: load and faults take {profile.Length.TotalMinutes:0.0} min"));
        output.WriteLine($"{install.Postgres.Description}, {install.Apis.Count} APIs, {install.Workers.Count} workers: {install.Root}");

        await using var clientJournal = new ClientJournal(Path.Combine(install.Root, "clients"));
        var taskJournal = new TaskJournal(Path.Combine(install.Root, "tasks"));
        using var clients = new Clients(install.Urls, clientJournal, settings.Seed);
        await clients.RegisterAsync(taskJournal.Path, cancellationToken);

        var log = new FaultLog(Path.Combine(install.Root, "faults"));
        var plan = new FaultPlan(profile, settings.Seed, install, log);
        var invariants = Invariants(profile);
        var checker = new Checker(install, clientJournal, taskJournal, plan.Classes, invariants);

        var clock = Stopwatch.StartNew();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var resting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var checking = checker.RunAsync(() => FirstViolation(clock, invariants), settings.StopAtFirst ? stopping.Cancel : () => { }, resting.Token);
        try
        {
            await Task.WhenAll(plan.RunAsync(stopping.Token), clients.RunAsync(Request.Plan(profile, settings.Seed), stopping.Token));
        }
        catch (OperationCanceledException)
        {
            // the first violation ended it, or a person
        }

        var stopped = stopping.IsCancellationRequested;
        if (!stopped) _drain.Took = await DrainAsync(checker, install, stopping.Token);
        await resting.CancelAsync();
        await checking;
        if (!stopped && !stopping.IsCancellationRequested) await LookLastAsync(checker, install);

        return new Report(output, settings, install, plan, log, clientJournal, taskJournal, checker, invariants, _drain).Write(clock.Elapsed);
    }

    private Invariant[] Invariants(Profile profile) =>
    [
        new AcknowledgedRunsEnd(), new RunsComeFromRequests(), new OneRunForEachRequest(), new AnswersAreTrue(), new NumbersHaveNoGaps(),
        new TerminalRowsNeverChange(), new RunStateFollowsItsTasks(), new ChildrenFollowTheirParents(), new ScriptsDecideOutcomes(),
        new OneStartForEachAttempt(), new AttemptsAreCounted(), new BackoffsAreKept(), new TimeoutsStopWhatOverran(), new StoppedRunsComeToNothing(),
        new MatricesComeTogether(), new StartsFollowClaims(), new NothingStartsAfterCancel(), new FencesOnlyGrow(), new OnlyTheHolderWrites(),
        new LeasesAreTakenWhenTheyRanOut(), new ParallelismHolds(), new KeysHold(), new WaitingsAreTrue(), new EventsHaveNoGaps(), new LogsAreWhole(), new NobodyFallsByItself(),
        new NothingIsLeft(), _drain, new FaultsTookPlace(profile), new MixTookPlace(profile),
    ];

    private void FirstViolation(Stopwatch clock, Invariant[] invariants)
    {
        var first = invariants.First(i => i.Violations.Count > 0);
        output.WriteLine($"first violation after {clock.Elapsed.TotalSeconds:0} s: {first.Sentence}: {first.Violations.First()}");
    }

    /// <summary>How long it takes from now until nothing is active and nothing queued; null where it does not come to that in twice the time.</summary>
    private static async Task<TimeSpan?> DrainAsync(Checker checker, GoferInstall install, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < 2 * s_drain && !cancellationToken.IsCancellationRequested)
        {
            var left = await checker.CountAsync("select (select count(*) from gofer.active_runs) + (select count(*) from gofer.ready_tasks)");
            if (left == 0 && install.Nodes.All(n => n.IsUp)) return clock.Elapsed;
            await Task.Delay(100, CancellationToken.None);
        }

        return null;
    }

    /// <summary>Waits for what a drained install still has to tidy up, then looks once more at everything.</summary>
    private static async Task LookLastAsync(Checker checker, GoferInstall install)
    {
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < NothingIsLeft.Patience; await Task.Delay(200))
        {
            var leases = await checker.CountAsync("select count(*) from gofer.workers");
            if (leases == install.Workers.Count && Leftovers.Of(install.Root).Count == 0) break;
        }

        await checker.PassAsync(final: true);
    }
}
