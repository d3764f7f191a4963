using System.Diagnostics;
using System.Globalization;
using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Bench;

/// <summary>The one server of a bench. A commit that is not on disk is no commit, so nothing is measured without them.</summary>
internal static class DurableServer
{
    private static readonly string[] s_wanted = ["fsync", "full_page_writes", "synchronous_commit"];

    /// <summary>What runs, in words.</summary>
    /// <exception cref="InvalidOperationException">The server does not keep what it commits.</exception>
    public static async Task<string> StartAsync(CancellationToken cancellationToken)
    {
        Environment.SetEnvironmentVariable(PostgresServer.DurableVariable, "1");
        await using var connection = new NpgsqlConnection(await PostgresServer.GetAsync(cancellationToken));
        await connection.OpenAsync(cancellationToken);
        foreach (var name in s_wanted)
        {
            await using var ask = new NpgsqlCommand("select current_setting($1)", connection);
            ask.Parameters.Add(new NpgsqlParameter { Value = name });
            var value = (string)(await ask.ExecuteScalarAsync(cancellationToken))!;
            if (value != "on") throw new InvalidOperationException($"{name} is {value}: this server loses what it commits, so its figures would be of something else.");
        }

        return $"Postgres {connection.PostgreSqlVersion}, {string.Join(", ", s_wanted)} on, {Environment.ProcessorCount} cores";
    }

    /// <summary>Where the server's log of changes stands, in bytes.</summary>
    public static async Task<long> WalAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select (pg_current_wal_insert_lsn() - '0/0')::bigint");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Processor time that all processes of the server have had: the children of the pid in its own file. Zero where they cannot be seen.</summary>
    public static async Task<TimeSpan> ProcessorAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)");
        var postmaster = (string)(await command.ExecuteScalarAsync(cancellationToken))!;
        var ticks = 0L;
        foreach (var process in Process.GetProcesses())
        {
            using var _ = process;
            try
            {
                var fields = (await File.ReadAllTextAsync($"/proc/{process.Id}/stat", cancellationToken)).Split(") ", 2)[1].Split(' ');
                if (fields[1] == postmaster) ticks += long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // it ended just now
            }
        }

        return TimeSpan.FromMilliseconds(10 * ticks);
    }
}
