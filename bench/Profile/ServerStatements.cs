using System.Globalization;
using Npgsql;

namespace Gofer.Bench.Profile;

/// <summary>The server's own statistics of statements, where its <c>pg_stat_statements</c> is loaded (a server named by <c>GOFER_TEST_POSTGRES</c>).</summary>
internal sealed class ServerStatements
{
    private readonly NpgsqlDataSource _source;
    private readonly bool _counted;

    private ServerStatements(NpgsqlDataSource source, bool counted) => (_source, _counted) = (source, counted);

    /// <summary>Those of one database, from now on.</summary>
    public static async Task<ServerStatements> OpenAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync(source, "create extension pg_stat_statements; select pg_stat_statements_reset()", cancellationToken);
            return new ServerStatements(source, counted: true);
        }
        catch (PostgresException)
        {
            return new ServerStatements(source, counted: false);
        }
    }

    /// <summary>Begins anew.</summary>
    public Task ResetAsync(CancellationToken cancellationToken) =>
        _counted ? ExecuteAsync(_source, "select pg_stat_statements_reset()", cancellationToken) : Task.CompletedTask;

    /// <summary>What each statement took of one unit of the work; <paramref name="units"/> says how many there were.</summary>
    public async Task PrintAsync(double units, TextWriter output, CancellationToken cancellationToken)
    {
        if (!_counted)
        {
            output.WriteLine("  statements: this server has no pg_stat_statements loaded");
            return;
        }

        await using var command = _source.CreateCommand(
            """
            select calls, total_exec_time, rows, wal_bytes::bigint, left(regexp_replace(query, '\s+', ' ', 'g'), 110) from pg_stat_statements
            where dbid = (select oid from pg_database where datname = current_database()) order by total_exec_time desc limit 16
            """);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {1000 * rows.GetDouble(1) / units,7:0.0} us, {rows.GetInt64(0) / units,7:0.000} calls, {rows.GetInt64(2) / units,6:0.00} rows, {rows.GetInt64(3) / units,6:0} bytes of WAL: {rows.GetString(4)}"));
        }
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
