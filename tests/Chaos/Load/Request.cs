namespace Gofer.Tests.Chaos.Load;

/// <summary>One run that the load asks for; all of it decided by the seed.</summary>
/// <param name="Id">Travels with the run as its variable <c>CHAOS_REQUEST</c>, so that each run of the database has its request.</param>
/// <param name="At">When, from the start of the load.</param>
internal sealed record Request(string Id, TimeSpan At, ChaosPipeline Pipeline)
{
    /// <summary>How long most tasks of the run work.</summary>
    public required double Seconds { get; init; }

    /// <summary>The idempotency key; without one the request is sent once and never again.</summary>
    public string? Key { get; init; }

    /// <summary>Sent to all APIs at once, and once more later.</summary>
    public bool Duplicate { get; init; }

    /// <summary>Cancelled so long after it was acknowledged.</summary>
    public TimeSpan? CancelAfter { get; init; }

    /// <summary>The requests of a profile.</summary>
    public static IReadOnlyList<Request> Plan(Profile profile, int seed)
    {
        var random = new Random(seed);
        var requests = new List<Request>();
        // Dealt from a pack and not thrown with dice: in a short run too each kind has its share.
        var pack = ChaosPipeline.All.SelectMany(p => Enumerable.Repeat(p, p.Weight)).ToArray();
        for (var dealt = 0; requests.Count < profile.Runs; dealt++)
        {
            if (dealt % pack.Length == 0) random.Shuffle(pack);
            var pipeline = pack[dealt % pack.Length];
            var at = profile.Length * random.NextDouble();
            for (var i = 0; i < pipeline.Burst; i++) requests.Add(Draw(requests.Count, at, pipeline));
        }

        var order = Enumerable.Range(0, requests.Count).ToArray();
        random.Shuffle(order);
        foreach (var i in order.Take(profile.Cancels)) requests[i] = requests[i] with { Key = $"key-{requests[i].Id}", CancelAfter = TimeSpan.FromSeconds(random.NextDouble() * 2) };
        random.Shuffle(order);
        foreach (var i in order.Take(profile.Duplicates)) requests[i] = requests[i] with { Duplicate = true, Key = $"key-{requests[i].Id}" };
        return [.. requests.OrderBy(r => r.At)];

        // One in three outlives a lease, so that whoever loses one has something to lose.
        Request Draw(int number, TimeSpan at, ChaosPipeline pipeline) => new($"r{number}", at, pipeline)
        {
            Seconds = random.Next(3) == 0 ? 3 + (5 * random.NextDouble()) : 0.05 + random.NextDouble(),
            Key = random.Next(10) == 0 ? null : $"key-r{number}",
        };
    }
}
