using System.Globalization;

namespace Gofer.Bench;

/// <summary>What the command line asked for.</summary>
internal sealed record Options
{
    public const string Usage =
        """
        usage: dotnet run -c Release --project bench -- [--quick] [--rounds N] [--runs N] [--only NAME,...] [--history N] [--profile]

          --quick      one round of small counts: whether it works, not how fast it is
          --rounds N   rounds, of which the table shows the median (3)
          --runs N     runs of 10 tasks in one drain (2000)
          --only ...   these measurements alone; the others' names are printed with --only help
          --history N  finished executions that `growth` begins with (10000000); it runs only when named, since it takes minutes
          --profile    where the engine's time goes in drain, creation and idle, of those that are measured, beside the table
        """;

    public int Rounds { get; private init; } = 3;

    public int Runs { get; private init; } = 2000;

    public bool Quick { get; private init; }

    public bool Profile { get; private init; }

    public long History { get; private init; } = 10_000_000;

    /// <summary>Names of measurements; empty takes all that are not only run when named.</summary>
    public IReadOnlyList<string> Only { get; private init; } = [];

    /// <summary>Null where the arguments make no sense.</summary>
    public static Options? Read(string[] args)
    {
        var options = args.Contains("--quick") ? new Options { Quick = true, Rounds = 1, Runs = 300 } : new Options();
        for (var i = 0; i < args.Length; i++)
        {
            var value = i + 1 < args.Length ? args[i + 1] : "";
            switch (args[i])
            {
                case "--quick": continue;
                case "--profile": options = options with { Profile = true }; continue;
                case "--rounds" when Number(value) is { } rounds: options = options with { Rounds = (int)rounds }; break;
                case "--runs" when Number(value) is { } runs: options = options with { Runs = (int)runs }; break;
                case "--history" when Number(value) is { } history: options = options with { History = history }; break;
                case "--only" when value.Length > 0: options = options with { Only = value.Split(',') }; break;
                default: return null;
            }

            i++;
        }

        return options;
    }

    private static long? Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0 ? n : null;
}
