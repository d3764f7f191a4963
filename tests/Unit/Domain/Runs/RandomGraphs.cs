using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;

namespace Gofer.Tests.Unit.Domain.Runs;

/// <summary>Random graphs: up to 60 tasks, widths to 30, with retries, limits and matrices here and there.</summary>
internal static class RandomGraphs
{
    private static readonly string[] s_classes = [Reasons.ExitCode, Reasons.ImagePull, Reasons.Timeout, Reasons.Lost];

    public static TaskGraph Of(Random random)
    {
        var size = random.Next(25) == 0 ? random.Next(1, 61) : random.Next(1, 10);
        var width = random.Next(1, 31);
        var tasks = new TaskDefinition[size];
        for (var i = 0; i < size; i++)
        {
            var parents = new Dictionary<string, ParentCondition>();
            for (var p = Math.Max(0, i - width); p < i; p++)
            {
                if (random.Next(Math.Min(i, 6)) == 0) parents[$"t{p}"] = (ParentCondition)random.Next(3);
            }

            tasks[i] = new TaskDefinition
            {
                Id = $"t{i}",
                Image = "i",
                DependsOn = parents,
                AllowFailure = random.Next(4) == 0,
                Retry = random.Next(4) == 0 ? Policy(random) : RetryPolicy.None,
                Concurrency = random.Next(8) == 0 ? new ConcurrencyRule("k", 1) : null,
                Timeout = TimeSpan.FromMinutes(1),
                Matrix = random.Next(10) == 0 ? Matrix(random) : new Dictionary<string, IReadOnlyList<string>>(),
            };
        }

        // The document's order is not the order of the graph: parents may stand after their children.
        random.Shuffle(tasks);
        return new TaskGraph(tasks);
    }

    private static RetryPolicy Policy(Random random) => new()
    {
        MaxAttempts = random.Next(1, 5),
        On = [.. s_classes.Where(_ => random.Next(3) > 0)],
        ExitCodes = random.Next(3) == 0 ? [1, 2] : [],
    };

    private static Dictionary<string, IReadOnlyList<string>> Matrix(Random random) => Enumerable.Range(0, random.Next(1, 3))
        .ToDictionary(a => $"a{a}", _ => (IReadOnlyList<string>)[.. Enumerable.Range(0, random.Next(1, 4)).Select(v => $"v{v}")]);
}
