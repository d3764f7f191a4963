using System.Globalization;
using Gofer.Application.Logs;
using Gofer.Application.Queue;
using Gofer.Bench.Engine;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Gofer.Bench.Profile;

/// <summary>Where the time of a drain goes: stopwatches at the engine's ports, processor time of this process and of the server, and the server's statements.</summary>
internal static class DrainProfile
{
    public static async Task PrintAsync(int runs, TextWriter output, CancellationToken cancellationToken)
    {
        var watches = new Stopwatches();
        await using var install = await GoferInstall.StartAsync(cancellationToken);
        var statements = await ServerStatements.OpenAsync(install.Source, cancellationToken);
        var work = new Work(TimeSpan.Zero, TimeSpan.Zero, 0);
        var (allocated, collections) = (0L, 0);
        var drained = await GoferDrain.RunAsync(
            install, Dag.Ten, runs, cancellationToken,
            also: services =>
            {
                services.Decorate<IWorkQueue>(inner => new TimedQueue(inner, watches));
                services.Decorate<ILogStore>(inner => new TimedLogs(inner, watches));
            },
            begin: async () =>
            {
                await statements.ResetAsync(cancellationToken);
                work = await Work.BeginAsync(install.Source, cancellationToken);
                (allocated, collections) = (GC.GetTotalAllocatedBytes(), GC.CollectionCount(0));
            },
            end: async () =>
            {
                work = await work.EndAsync(install.Source, cancellationToken);
                (allocated, collections) = (GC.GetTotalAllocatedBytes() - allocated, GC.CollectionCount(0) - collections);
            });

        var tasks = (double)runs * Dag.Ten.Count;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"profile of a drain of {tasks:#,0} executions at {drained.Rate:#,0} a second, {drained.Wal:#,0} bytes of WAL each"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  of an execution's {1_000_000 / drained.Rate:0} us: {work.Own.TotalMicroseconds / tasks:0} us of processor here, {work.Server.TotalMicroseconds / tasks:0} us in the server; {allocated / tasks:#,0} bytes allocated, {collections} collections"));
        watches.Print(output);
        await UpdatesAsync(install.Source, output, cancellationToken);
        await statements.PrintAsync(tasks, output, cancellationToken);
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
}
