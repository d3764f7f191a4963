using System.Globalization;
using Gofer.Domain.Common;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Embedded;

/// <summary>Brings a cluster's server to where it answers: by taking over the one that runs, else by starting it.</summary>
internal sealed class ServerStart(DataFolder folder, Cluster cluster, string password, TimeProvider clock, IProgress<string> progress)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private enum Answer
    {
        NotYet,
        Ours,
        Foreign,
    }

    /// <summary>The address of a database on the server.</summary>
    public string ConnectionString(int port, string database, bool pooling = true) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = port,
        Username = Cluster.Role,
        Password = password,
        Database = database,
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
        Pooling = pooling,
    }.ConnectionString;

    /// <summary>
    /// The server that answers, on <paramref name="port"/> if one is given and else on the folder's. After a kill -9 its workers hold
    /// the shared memory for up to two seconds more and a start is refused: that is waited out.
    /// </summary>
    public async Task<Result<Postmaster>> RunAsync(CancellationToken cancellationToken, int? port = null)
    {
        var began = clock.GetTimestamp();
        var waitsSaid = false;
        while (true)
        {
            string trouble;
            if (Postmaster.Read(cluster.Data) is { } running && running.IsAlive())
            {
                if (Obstacle(running) is { } obstacle)
                {
                    return obstacle;
                }

                switch (await AskAsync(running.Port, cancellationToken))
                {
                    case Answer.Ours:
                        LoopbackPort.Keep(folder, running.Port);
                        return running;
                    case Answer.Foreign:
                        return Refused($"The server at port {Text(running.Port)}, which {cluster.Data} names, does not know this folder's password or serves another one.");
                }

                if (!waitsSaid && clock.GetElapsedTime(began) > TimeSpan.FromSeconds(2))
                {
                    progress.Report($"Waiting for Postgres (process {Text(running.Pid)})");
                    waitsSaid = true;
                }

                trouble = $"Postgres (process {Text(running.Pid)}) of {cluster.Data} runs but does not answer.{Quote(0)}";
            }
            else
            {
                var log = cluster.LogLength();
                var started = await cluster.StartAsync(port ?? LoopbackPort.Choose(folder));
                if (started.IsOk)
                {
                    continue;
                }

                trouble = $"Postgres did not start from {cluster.Data}: {started.Output}{Quote(log)}";
                if (!Passes(cluster.LogTail(log), portIsFixed: port is not null))
                {
                    return Refused(trouble);
                }
            }

            if (clock.GetElapsedTime(began) > s_patience)
            {
                return Refused(trouble);
            }

            await Task.Delay(s_pause, clock, cancellationToken);
        }
    }

    /// <summary>Whether the log tells of a hindrance that goes by itself. A taken port only passes where another may be chosen.</summary>
    private static bool Passes(string log, bool portIsFixed) =>
        log.Contains("pre-existing shared memory block", StringComparison.Ordinal)
        || log.Contains("lock file \"postmaster.pid\" already exists", StringComparison.Ordinal)
        || (!portIsFixed && log.Contains("Address already in use", StringComparison.Ordinal));

    private Error? Obstacle(Postmaster running)
    {
        var file = Path.Combine(cluster.Data, "postmaster.pid");
        if (!running.LooksLikePostgres())
        {
            return Refused(
                $"{file} names process {Text(running.Pid)}, which lives but is no Postgres: the machine was probably restarted. Postgres will not "
                + "start beside that file; remove it and start again.");
        }

        return running.DataFolder == cluster.Data ? null : Refused(
            $"{file} belongs to the server of {running.DataFolder} (process {Text(running.Pid)}): this folder is probably a copy made while "
            + "that server ran. Copy it while the server is stopped.");
    }

    private async Task<Answer> AskAsync(int port, CancellationToken cancellationToken)
    {
        try
        {
            var address = ConnectionString(port, "postgres", pooling: false);
            await using var connection = new NpgsqlConnection(address);
            await connection.OpenAsync(cancellationToken);
            await using var where = new NpgsqlCommand("show data_directory", connection);
            return await where.ExecuteScalarAsync(cancellationToken) as string == cluster.Data ? Answer.Ours : Answer.Foreign;
        }
        catch (PostgresException refused) when (refused.SqlState is PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification)
        {
            return Answer.Foreign;
        }
        catch (NpgsqlException)
        {
            // Not listening yet, starting up, or ending: the next question tells.
            return Answer.NotYet;
        }
        catch (TimeoutException)
        {
            return Answer.NotYet;
        }
    }

    private string Quote(long start) => cluster.LogTail(start) is { Length: > 0 } tail ? $"\nIts log ({cluster.Log}) ends:\n{tail}" : "";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static Error Refused(string message) => new(ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable, message);
}
