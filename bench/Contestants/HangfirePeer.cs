using System.Diagnostics;
using Gofer.Tests.Support.Postgres;
using Hangfire;
using Hangfire.Common;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Hangfire.States;

namespace Gofer.Bench.Contestants;

/// <summary>Flat no-op jobs by Hangfire on its Postgres storage, as it comes.</summary>
public static class HangfirePeer
{
    private static int s_left;
    private static TaskCompletionSource s_all = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The job, which Hangfire finds by its name.</summary>
    public static void Nothing()
    {
        if (Interlocked.Decrement(ref s_left) == 0) s_all.TrySetResult();
    }

    internal static async Task<double> RunAsync(int jobs, CancellationToken cancellationToken)
    {
        await using var database = await TestDatabase.CreateAsync(cancellationToken);
        var options = new PostgreSqlStorageOptions();
        var storage = new PostgreSqlStorage(new NpgsqlConnectionFactory(database.ConnectionString, options, _ => { }), options);
        var client = new BackgroundJobClient(storage);
        s_all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref s_left, jobs);
        for (var i = 0; i < jobs; i++) client.Create(Job.FromExpression(() => Nothing()), new EnqueuedState());

        var clock = Stopwatch.StartNew();
        using var server = new BackgroundJobServer(storage);
        await s_all.Task.WaitAsync(cancellationToken);
        return jobs / clock.Elapsed.TotalSeconds;
    }
}
