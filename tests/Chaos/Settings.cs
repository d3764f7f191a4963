using System.Globalization;

namespace Gofer.Tests.Chaos;

/// <summary>What the command line asks for.</summary>
internal sealed record Settings
{
    public const string Usage =
        """
        dotnet run --project tests/Chaos -- [--profile smoke|standard|nightly] [--seed N] [--gofer PATH] [--pace FACTOR] [--stop-at-first] [--keep]

          --profile        how long and how hard; smoke where none is named
          --seed           decides load and faults; a random one, printed, where none is given
          --gofer          the gofer.dll to run in place of this build's
          --pace           spreads load and faults over as much more time, 1 to 8; by what the processes need to come up where none is named
          --stop-at-first  end at the first violation
          --keep           leave the folder with the processes' logs and the journals behind
        """;

    public Profile Profile { get; init; } = Profile.Smoke;

    public int Seed { get; init; } = Random.Shared.Next(1, 1_000_000);

    public string Gofer { get; init; } = Path.Combine(AppContext.BaseDirectory, "gofer.dll");

    /// <summary>How much more time load and faults are spread over; null where the harness finds out.</summary>
    public double? Pace { get; init; }

    public bool StopAtFirst { get; init; }

    public bool Keep { get; init; }

    /// <summary>The settings, or null where the words are not understood.</summary>
    public static Settings? Parse(IReadOnlyList<string> words)
    {
        var settings = new Settings();
        for (var i = 0; i < words.Count; i++)
        {
            var value = i + 1 < words.Count ? words[i + 1] : null;
            switch (words[i])
            {
                case "--profile" when Profile.Named(value) is { } profile: (settings, i) = (settings with { Profile = profile }, i + 1); break;
                case "--seed" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seed):
                    (settings, i) = (settings with { Seed = seed }, i + 1);
                    break;
                case "--gofer" when File.Exists(value): (settings, i) = (settings with { Gofer = Path.GetFullPath(value) }, i + 1); break;
                case "--pace" when double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var pace) && pace is >= 1 and <= 8:
                    (settings, i) = (settings with { Pace = pace }, i + 1);
                    break;
                case "--stop-at-first": settings = settings with { StopAtFirst = true }; break;
                case "--keep": settings = settings with { Keep = true }; break;
                default: return null;
            }
        }

        return settings;
    }
}
