using Gofer.Tests.Chaos.Install;
using Npgsql;

namespace Gofer.Tests.Chaos.Faults;

/// <summary>An immediate shutdown of Postgres, as in a crash; the embedded server is started again by its own supervisor.</summary>
internal sealed class PostgresRestart(GoferInstall install, FaultLog log, int planned) : Fault(install, log, planned)
{
    public override string Name => "Postgres restart";

    protected override async Task<bool> InjectAsync(int number, Random random, CancellationToken cancellationToken)
    {
        var server = Install.Postgres.ProcessId;
        Log.Note(Name);
        if (!Posix.Signal(server, Posix.Quit)) return false;
        while (Install.Postgres.ProcessId == server) await Task.Delay(20, cancellationToken);
        return true;
    }
}

/// <summary>One back end of Postgres is ended: politely, or by kill -9, upon which Postgres restarts all of them.</summary>
internal sealed class BackendKill(GoferInstall install, FaultLog log, int planned) : Fault(install, log, planned)
{
    public override string Name => "end of a Postgres back end";

    protected override async Task<bool> InjectAsync(int number, Random random, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(Install.Direct + ";Pooling=false");
            await connection.OpenAsync(cancellationToken);
            if (await BackendAsync(connection, random, cancellationToken) is not { } victim) return false;
            Log.Note(Name, number % 2 == 0 ? victim.Process : null);
            if (number % 2 == 1) return Posix.Signal(victim.Pid, Posix.Kill);
            await using var end = new NpgsqlCommand("select pg_terminate_backend($1)", connection) { Parameters = { new() { Value = victim.Pid } } };
            return await end.ExecuteScalarAsync(cancellationToken) is true;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            return false; // another fault has it down
        }
    }

    private static async Task<(int Pid, string Process)?> BackendAsync(NpgsqlConnection connection, Random random, CancellationToken cancellationToken)
    {
        // Those in a transaction first: a connection that idles in a pool is replaced without anybody noticing.
        await using var find = new NpgsqlCommand(
            """
            select pid, application_name from pg_stat_activity
            where datname = current_database() and (application_name like 'worker-%' or application_name like 'api-%')
            order by xact_start is null, pid
            """,
            connection);
        await using var rows = await find.ExecuteReaderAsync(cancellationToken);
        var found = new List<(int Pid, string Process)>();
        while (await rows.ReadAsync(cancellationToken)) found.Add((rows.GetInt32(0), rows.GetString(1)));
        return found.Count == 0 ? null : found[random.Next(Math.Min(found.Count, 4))];
    }
}
