using System.Globalization;
using Gofer.Application.Logs;
using Gofer.Application.Queue;
using Gofer.Bench.Engine;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Gofer.Bench.Profile;

/// <summary>
/// Where the time of a drain goes: stopwatches at the engine's ports, processor time of this process and of the server, and the server's own
/// statement statistics where its <c>pg_stat_statements</c> is loaded (a server named by <c>GOFER_TEST_POSTGRES</c>).
/// </summary>
internal static class DrainProfile
{
    public static async Task PrintAsync(int runs, CancellationToken cancellationToken)
    {
        var watches = new Stopwatches();
        await using var install = await GoferInstall.StartAsync(cancellationToken);
        var counted = await TryAsync(install.Source, "create extension pg_stat_statements; select pg_stat_statements_reset()", cancellationToken);
        var work = new Work(TimeSpan.Zero, TimeSpan.Zero, 0);
        var (allocated, collections) = (0L, 0);
        var drained = await GoferDrain.RunAsync(
            install, Dag.Ten, runs, cancellationToken,
            also: services =>
            {
                Decorate<IWorkQueue>(services, inner => new TimedQueue(inner, watches));
                Decorate<ILogStore>(services, inner => new TimedLogs(inner, watches));
            },
            begin: async () =>
            {
                if (counted) await TryAsync(install.Source, "select pg_stat_statements_reset()", cancellationToken);
                work = await Work.BeginAsync(install.Source, cancellationToken);
                (allocated, collections) = (GC.GetTotalAllocatedBytes(), GC.CollectionCount(0));
            },
            end: async () =>
            {
                work = await work.EndAsync(install.Source, cancellationToken);
                (allocated, collections) = (GC.GetTotalAllocatedBytes() - allocated, GC.CollectionCount(0) - collections);
            });

        var tasks = (double)runs * Dag.Ten.Count;
        var output = Console.Out;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"profile of a drain of {tasks:#,0} executions at {drained.Rate:#,0} a second, {drained.Wal:#,0} bytes of WAL each"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  of an execution's {1_000_000 / drained.Rate:0} us: {work.Own.TotalMicroseconds / tasks:0} us of processor here, {work.Server.TotalMicroseconds / tasks:0} us in the server; {allocated / tasks:#,0} bytes allocated, {collections} collections"));
        watches.Print(output);
        await UpdatesAsync(install.Source, output, cancellationToken);
        if (counted) await StatementsAsync(install.Source, tasks, output, cancellationToken);
    }

    private static void Decorate<TService>(IServiceCollection services, Func<TService, TService> wrap)
        where TService : class
    {
        var inner = services.Last(s => s.ServiceType == typeof(TService));
        services.AddSingleton(provider => wrap((TService)ActivatorUtilities.CreateInstance(provider, inner.ImplementationType!)));
    }

    /// <summary>An update that is not heap-only writes an entry into every index.</summary>
    private static async Task UpdatesAsync(NpgsqlDataSource source, TextWriter output, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "select relname::text, n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where n_tup_upd > 100 order by n_tup_upd desc");
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {rows.GetString(0)}: {rows.GetInt64(1):#,0} updates, {100.0 * rows.GetInt64(2) / rows.GetInt64(1):0} % heap-only"));
        }
    }

    private static async Task StatementsAsync(NpgsqlDataSource source, double tasks, TextWriter output, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            select calls, total_exec_time, rows, wal_bytes::bigint, left(regexp_replace(query, '\s+', ' ', 'g'), 110) from pg_stat_statements
            where dbid = (select oid from pg_database where datname = current_database()) order by total_exec_time desc limit 16
            """);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {1000 * rows.GetDouble(1) / tasks,7:0.0} us, {rows.GetInt64(0) / tasks,7:0.000} calls, {rows.GetInt64(2) / tasks,6:0.00} rows, {rows.GetInt64(3) / tasks,6:0} bytes of WAL: {rows.GetString(4)}"));
        }
    }

    private static async Task<bool> TryAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = source.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(cancellationToken);
            return true;
        }
        catch (PostgresException)
        {
            return false;
        }
    }
}
