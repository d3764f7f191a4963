using System.Globalization;

namespace Gofer.Cli.Doctor;

/// <summary>
/// Whether this machine's clock goes with the server's and the database's. All that is stored is by the database's, so one that goes wrong
/// breaks nothing; it makes times hard to read.
/// </summary>
internal static class ClockCheck
{
    private const string Name = "clock";

    /// <summary>More than what a header in whole seconds and a slow answer explain.</summary>
    private static readonly TimeSpan s_apart = TimeSpan.FromSeconds(5);

    public static async Task<Finding> RunAsync(ServerCheck server, PostgresCheck postgres, CancellationToken cancellationToken)
    {
        var asked = await Task.WhenAll(ServerAsync(), postgres.AheadAsync(cancellationToken));
        var (ofServer, ofDatabase) = (asked[0], asked[1]);
        string?[] off = [Off("the server's", ofServer), Off("the database's", ofDatabase)];
        if (off.OfType<string>().ToList() is { Count: > 0 } apart)
        {
            return Finding.Warning(Name, $"This machine's clock is not theirs: {string.Join(", ", apart)}.", "sudo timedatectl set-ntp true");
        }

        return Finding.Ok(Name, (ofServer, ofDatabase) switch
        {
            (null, null) => "There is no other clock to compare this machine's with.",
            (not null, null) => "It goes with the server's.",
            (null, not null) => "It goes with the database's.",
            _ => "It goes with the server's and the database's.",
        });

        async Task<TimeSpan?> ServerAsync() => (await server.AskAsync(cancellationToken)).Ahead;
    }

    private static string? Off(string whose, TimeSpan? ahead) => ahead is { } by && by.Duration() > s_apart
        ? string.Create(CultureInfo.InvariantCulture, $"{whose} is {by.Duration().TotalSeconds:0} s {(by > TimeSpan.Zero ? "ahead" : "behind")}")
        : null;
}
