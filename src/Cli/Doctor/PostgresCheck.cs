using System.Globalization;
using Gofer.Cli.Commands;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Embedded;
using Gofer.Infrastructure.Schedulers.Docker;

namespace Gofer.Cli.Doctor;

/// <summary>Whether the named Postgres answers, is of a version that Gofer runs on and has its schema; where none is named, whether one of our own could be started.</summary>
internal sealed class PostgresCheck(string? named, string? binaries, string data, string? dockerHost, bool serves)
{
    private const string Name = "postgres";

    public Task<Finding> RunAsync(CancellationToken cancellationToken) => named is { Length: > 0 } text ? NamedAsync(text, cancellationToken) : OwnAsync(cancellationToken);

    /// <summary>By how much the named database's clock is ahead of this machine's; null where none is named or it does not answer.</summary>
    public async Task<TimeSpan?> AheadAsync(CancellationToken cancellationToken)
    {
        if (named is not { Length: > 0 } text || ConnectionText.Parse(text) is not { IsOk: true } read) return null;
        try
        {
            return await DatabaseLook.AheadAsync(read.Value, cancellationToken);
        }
        catch (Exception e) when (ServerCommands.IsDatabase(e))
        {
            return null; // the check of the database says so
        }
    }

    private static async Task<Finding> NamedAsync(string text, CancellationToken cancellationToken)
    {
        var connection = ConnectionText.Parse(text);
        if (!connection.IsOk) return Finding.Broken(Name, needed: true, connection.Error.Message, "export GOFER_POSTGRES=postgres://user:password@host:5432/database");
        try
        {
            var (version, misfit) = await DatabaseLook.AtAsync(connection.Value, cancellationToken);
            var said = string.Create(CultureInfo.InvariantCulture, $"Postgres {version.Major}.{version.Minor} answers at {ConnectionText.Redacted(text)}");
            if (version.Major < PostgresBinaries.Oldest)
            {
                return Finding.Broken(Name, needed: true, $"{said}; Gofer runs on {PostgresBinaries.Oldest} to {PostgresBinaries.Newest}.", $"Upgrade it, or name another in GOFER_POSTGRES: sudo apt-get install postgresql-{PostgresBinaries.Newest}");
            }

            if (misfit is not null) return Finding.Warning(Name, $"{said}. {misfit.Message}", misfit.Code == "schema_ahead" ? "Install the newer Gofer here too." : $"gofer migrate --postgres {ConnectionText.Redacted(text)}");
            return version.Major > PostgresBinaries.Newest
                ? Finding.Warning(Name, $"{said}, which is newer than what Gofer is known to run on.", $"Nothing, if all goes well; else Postgres {PostgresBinaries.Newest}: sudo apt-get install postgresql-{PostgresBinaries.Newest}")
                : Finding.Ok(Name, $"{said}, and its schema fits.");
        }
        catch (Exception e) when (ServerCommands.IsDatabase(e))
        {
            return Finding.Broken(
                Name, needed: true, $"The database at {ConnectionText.Redacted(text)} {(DatabaseTrouble.IsLasting(e) ? "lets nobody in" : "does not answer")}: {DatabaseTrouble.Reason(e).TrimEnd('.')}.",
                DatabaseTrouble.Cure(e, connection.Value));
        }
    }

    private async Task<Finding> OwnAsync(CancellationToken cancellationToken)
    {
        var search = new PostgresSearch { Named = binaries, Own = Path.Combine(data, "bin") };
        var found = await PostgresBinaries.FindAsync(search, null, cancellationToken);
        if (found.IsOk) return Finding.Ok(Name, $"None is named; 'gofer dev' starts one of its own, Postgres {found.Value.Major} of {found.Value.Folder}.");
        if (string.IsNullOrWhiteSpace(search.Named) && (await DockerEndpoint.SearchAsync(dockerHost, cancellationToken)).Found is not null)
        {
            return Finding.Ok(Name, "None is named and no server binaries are here; 'gofer dev' starts one as a container.");
        }

        return Finding.Broken(
            Name, serves, found.Error.Message, "sudo apt-get install postgresql, or name a server that runs: export GOFER_POSTGRES=postgres://user:password@host:5432/database");
    }
}
