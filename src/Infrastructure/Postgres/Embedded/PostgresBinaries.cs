using System.Globalization;
using System.Text.RegularExpressions;
using Gofer.Domain.Common;

namespace Gofer.Infrastructure.Postgres.Embedded;

/// <summary>Where to look for server binaries; the defaults are this machine's.</summary>
public sealed record PostgresSearch
{
    /// <summary>The folder that <c>GOFER_POSTGRES_BIN</c> names: if set, no other is looked at.</summary>
    public string? Named { get; init; } = Environment.GetEnvironmentVariable("GOFER_POSTGRES_BIN");

    /// <summary>Where the packages of Debian and its like put one folder for each major version.</summary>
    public string System { get; init; } = "/usr/lib/postgresql";

    /// <summary>The folders of <c>PATH</c>, separated by colons.</summary>
    public string? Path { get; init; } = Environment.GetEnvironmentVariable("PATH");

    /// <summary>Gofer's own folder for binaries, <see cref="DataFolder.Binaries"/>.</summary>
    public string? Own { get; init; }
}

/// <summary>A folder with <c>initdb</c>, <c>pg_ctl</c> and <c>postgres</c> of one major version that Gofer runs on.</summary>
public sealed partial record PostgresBinaries(string Folder, int Major)
{
    private static readonly string[] s_programs = ["initdb", "pg_ctl", "postgres"];

    /// <summary>The oldest major version that Gofer runs on.</summary>
    public const int Oldest = 15;

    /// <summary>The newest major version that Gofer is known to run on.</summary>
    public const int Newest = 18;

    /// <summary>
    /// The first binaries in the order of the search that can serve data of major version <paramref name="needed"/>, or any
    /// supported one where there is no data yet.
    /// </summary>
    public static async Task<Result<PostgresBinaries>> FindAsync(
        PostgresSearch search, int? needed, CancellationToken cancellationToken)
    {
        var found = new List<PostgresBinaries>();
        foreach (var folder in Candidates(search).Distinct())
        {
            if (await ReadAsync(folder, cancellationToken) is not { } binaries)
            {
                continue;
            }

            if (needed is null ? binaries.Major is >= Oldest and <= Newest : binaries.Major == needed)
            {
                return binaries;
            }

            found.Add(binaries);
        }

        return Missing(search, needed, found);
    }

    /// <summary>One of the programs in the folder.</summary>
    internal string Program(string name) => Path.Combine(Folder, name);

    private static IEnumerable<string> Candidates(PostgresSearch search)
    {
        if (!string.IsNullOrWhiteSpace(search.Named))
        {
            return [search.Named];
        }

        var system = Directory.Exists(search.System)
            ? Directory.GetDirectories(search.System)
                .Select(folder => (folder, major: int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var m) ? m : 0))
                .OrderByDescending(entry => entry.major)
                .Select(entry => Path.Combine(entry.folder, "bin"))
            : [];
        var path = (search.Path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, "pg_ctl"))
            .Where(File.Exists)
            // A link on the PATH leads to where the other programs and the libraries are.
            .Select(program => Path.GetDirectoryName(File.ResolveLinkTarget(program, returnFinalTarget: true)?.FullName ?? program)!);
        return [.. system, .. path, .. search.Own is { } own ? NpmPackage.Folders(own) : []];
    }

    private static async Task<PostgresBinaries?> ReadAsync(string folder, CancellationToken cancellationToken)
    {
        if (!s_programs.All(name => File.Exists(Path.Combine(folder, name))))
        {
            return null;
        }

        NpmPackage.MakeLinks(folder);
        var version = await Tool.RunAsync(Path.Combine(folder, "postgres"), ["--version"], null, cancellationToken);
        return version.IsOk && VersionLine().Match(version.Output) is { Success: true } match
            ? new PostgresBinaries(folder, int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture))
            : null;
    }

    private static Error Missing(PostgresSearch search, int? needed, List<PostgresBinaries> found)
    {
        var named = string.IsNullOrWhiteSpace(search.Named) ? null : search.Named;
        var seen = found.Count == 0 ? "none were found" : $"found {string.Join(", ", found.Select(b => $"{b.Major} in {b.Folder}"))}";
        var message = (needed, named) switch
        {
            (null, null) => $"No Postgres server binaries of version {Oldest} to {Newest}: {seen}.",
            (null, _) => $"GOFER_POSTGRES_BIN ({named}) holds no initdb, pg_ctl and postgres of version {Oldest} to {Newest}: {seen}. "
                + "Point it at a folder that does (Debian: /usr/lib/postgresql/15/bin), or unset it.",
            (_, null) => $"The data was made by Postgres {needed} and needs server binaries of that version: {seen}. "
                + $"Install them (apt-get install postgresql-{needed}), name their folder in GOFER_POSTGRES_BIN, or start on another folder with --data.",
            _ => $"The data was made by Postgres {needed}, but GOFER_POSTGRES_BIN ({named}) holds no binaries of that version: {seen}. "
                + $"Point it at version {needed}, or start on another folder with --data.",
        };
        return new Error(ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable, message);
    }

    [GeneratedRegex(@"\(PostgreSQL\) (\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex VersionLine();
}
