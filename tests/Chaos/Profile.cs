namespace Gofer.Tests.Chaos;

/// <summary>
/// How long and how hard. The counts are what two cores carry: a .NET process needs about a second of a core to start, so a kill every
/// two to five seconds of some process is what still leaves room for work; each task of the load costs about ten milliseconds of shell.
/// </summary>
internal sealed record Profile(string Name)
{
    private const double Longest = 4;

    /// <summary>In what time two cores that nobody else uses start all processes at once; the profiles are made for these.</summary>
    private static readonly TimeSpan s_start = TimeSpan.FromSeconds(4);

    /// <summary>How long load and faults last on two quick cores, see <see cref="AtPaceOf"/>; what follows is the drain.</summary>
    public required TimeSpan Length { get; init; }

    public required int Runs { get; init; }

    public required int WorkerKills { get; init; }

    public required int ApiKills { get; init; }

    public required int PostgresRestarts { get; init; }

    /// <summary>Single back ends of Postgres ended, politely and by kill -9 in turn; the latter makes Postgres restart all of them.</summary>
    public required int BackendKills { get; init; }

    public required int Pauses { get; init; }

    /// <summary>Cuts, half-open connections, stalled renewals and slow spells, in turn.</summary>
    public required int NetworkFaults { get; init; }

    public required int Cancels { get; init; }

    public required int Duplicates { get; init; }

    public required int RollingRestarts { get; init; }

    public static Profile Smoke { get; } = new("smoke")
    {
        Length = TimeSpan.FromSeconds(60),
        Runs = 200,
        WorkerKills = 8,
        ApiKills = 3,
        PostgresRestarts = 3,
        BackendKills = 4,
        Pauses = 3,
        NetworkFaults = 8,
        Cancels = 40,
        Duplicates = 40,
        RollingRestarts = 1,
    };

    public static Profile Standard { get; } = new("standard")
    {
        Length = TimeSpan.FromMinutes(7),
        Runs = 1_800, // what two cores carry beside workers that start every few seconds; 3,000 kept them four times overcommitted
        WorkerKills = 120,
        ApiKills = 30,
        PostgresRestarts = 20,
        BackendKills = 40,
        Pauses = 20,
        NetworkFaults = 40,
        Cancels = 300,
        Duplicates = 300,
        RollingRestarts = 5,
    };

    public static Profile Nightly { get; } = Standard with
    {
        Name = "nightly",
        Length = Standard.Length * 5,
        Runs = Standard.Runs * 5,
        WorkerKills = Standard.WorkerKills * 5,
        ApiKills = Standard.ApiKills * 5,
        PostgresRestarts = Standard.PostgresRestarts * 5,
        BackendKills = Standard.BackendKills * 5,
        Pauses = Standard.Pauses * 5,
        NetworkFaults = Standard.NetworkFaults * 5,
        Cancels = Standard.Cancels * 5,
        Duplicates = Standard.Duplicates * 5,
        RollingRestarts = Standard.RollingRestarts * 5,
    };

    /// <summary>
    /// The same load and the same faults over as much more time as this machine needs to start its processes: on one that is slow, or that
    /// others use too, they would otherwise find nothing that has come up yet. At most <see cref="Longest"/> times as long.
    /// </summary>
    public Profile AtPaceOf(TimeSpan start) => this with { Length = Length * Math.Clamp(start / s_start, 1, Longest) };

    public static Profile? Named(string? name) => new[] { Smoke, Standard, Nightly }.FirstOrDefault(p => p.Name == name);
}
