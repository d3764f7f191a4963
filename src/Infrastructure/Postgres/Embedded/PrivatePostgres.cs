using Gofer.Domain.Common;

namespace Gofer.Infrastructure.Postgres.Embedded;

/// <summary>How a private Postgres is found and run; the defaults suit <c>gofer dev</c>.</summary>
public sealed record PrivatePostgresOptions
{
    /// <summary>Where to look for server binaries.</summary>
    public PostgresSearch Search { get; init; } = new();

    /// <summary>What the embedded server trades.</summary>
    public PostgresSettings Settings { get; init; } = new();

    /// <summary>The Docker engine to ask where there are no binaries; null asks none.</summary>
    public Uri? Docker { get; init; } = DockerPostgres.DefaultEndpoint();

    /// <summary>The clock of waits and retries.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// A Postgres of one data folder's own, on loopback. Its data stays between starts; disposing it stops the server; a server whose
/// host was killed goes on and is taken over by the next start.
/// </summary>
public abstract class PrivatePostgres : IAsyncDisposable
{
    /// <summary>Npgsql's connection string of the database <c>gofer</c>; good for as long as this object lives.</summary>
    public abstract string ConnectionString { get; }

    /// <summary>What runs, in words for a person: <c>Postgres 17, process 4711, port 21400</c>.</summary>
    public abstract string Description { get; }

    /// <summary>
    /// Starts the folder's Postgres: from server binaries, else as a container; whoever made the data that is there goes on with it.
    /// </summary>
    public static async Task<Result<PrivatePostgres>> StartAsync(
        DataFolder folder, PrivatePostgresOptions options, IProgress<string> progress, CancellationToken cancellationToken)
    {
        Error? unfit = null;
        if (!OperatingSystem.IsWindows() && !DockerPostgres.HasDataIn(folder))
        {
            var needed = Cluster.MajorIn(folder);
            var search = options.Search with { Own = options.Search.Own ?? folder.Binaries };
            var binaries = await PostgresBinaries.FindAsync(search, needed, cancellationToken);
            if (binaries.IsOk)
            {
                var embedded = await EmbeddedPostgres.StartAsync(folder, binaries.Value, options, progress, cancellationToken);
                return embedded.IsOk ? embedded.Value : embedded.Error;
            }

            unfit = binaries.Error;
            if (needed is not null || !string.IsNullOrWhiteSpace(search.Named))
            {
                return unfit;
            }
        }

        var container = await DockerPostgres.RunAsync(folder, options, progress, cancellationToken);
        if (container.IsOk)
        {
            return container.Value;
        }

        return DockerPostgres.HasDataIn(folder) ? Unavailable($"The data of {folder.Path} is in a Docker volume. {container.Error.Message}") : Unavailable(
            $"""
            Gofer keeps everything in Postgres and found none to start. {unfit?.Message} {container.Error.Message}
            Ways out:
              apt-get install postgresql    (or your system's package; GOFER_POSTGRES_BIN names a folder with initdb, pg_ctl, postgres)
              --postgres URL                (or GOFER_POSTGRES: a server that runs already)
              start Docker                  (Gofer then runs a postgres container of its own)
            """);
    }

    /// <summary>Stops the server or container; the data stays.</summary>
    public abstract ValueTask DisposeAsync();

    private static Error Unavailable(string message) => new(ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable, message);
}
