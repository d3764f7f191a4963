using System.Diagnostics;
using Gofer.Application.Common;
using Gofer.Application.Objects;
using Gofer.Infrastructure.Postgres.Queue;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Objects;

/// <summary>
/// What somebody has to do for objects from time to time: those whose time is over go, and bytes that no object has are deleted. A pass does what
/// it comes to in half a minute; a store that does not answer is said once, and again when it does.
/// </summary>
internal sealed partial class ObjectKeeping(
    NpgsqlDataSource source, ObjectIndex index, IObjectStore store, IOptions<ObjectOptions> options, ILogger<ObjectKeeping> logger)
{
    /// <summary>Objects of one statement.</summary>
    private const int Batch = 1000;

    /// <summary>Runs that are as many runs ago as their objects are kept (<c>$1</c>); objects of active ones stay.</summary>
    private const string OfOldRuns =
        """
        select o.owner, o.key from gofer.pipeline_heads h join gofer.objects o on o.pipeline_id = h.pipeline_id and o.run_number <= h.last_run - $1
        where not exists (select from gofer.active_runs a where a.run_id = o.owner) limit $2
        """;

    private const string OfDeletedPipelines =
        "select o.owner, o.key from gofer.pipelines p join gofer.objects o on o.pipeline_id = p.id where p.deleted_at is not null and $1 >= 0 limit $2";

    /// <summary>Ended runs whose objects are as old (<c>$1</c> seconds) as they become.</summary>
    private const string Aged =
        """
        select o.owner, o.key from gofer.objects o where o.run_number is not null and o.updated_at < now() - make_interval(secs => $1)
            and not exists (select from gofer.active_runs a where a.run_id = o.owner) limit $2
        """;

    private static readonly TimeSpan s_pass = TimeSpan.FromSeconds(30);

    private bool _away;

    /// <summary>Does what is due.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        await ExpireAsync(OfOldRuns, options.Value.KeepRuns, began, cancellationToken);
        await ExpireAsync(OfDeletedPipelines, 0, began, cancellationToken);
        if (options.Value.KeepFor > TimeSpan.Zero) await ExpireAsync(Aged, (long)options.Value.KeepFor.TotalSeconds, began, cancellationToken);
        var (deleted, failed) = (0, (StoreUnavailableException?)null);
        while (failed is null && Stopwatch.GetElapsedTime(began) < s_pass && await index.TakeDueAsync(cancellationToken) is { } blob)
        {
            try
            {
                await store.DeleteAsync(blob, cancellationToken);
                await index.ForgetAsync(blob, cancellationToken);
                deleted++;
            }
            catch (StoreUnavailableException e)
            {
                failed = e; // this one comes again in a while, after the others
            }
        }

        if (failed is not null && !_away) Log.Away(logger, failed.Message);
        else if (failed is null && _away && deleted > 0) Log.Back(logger);
        _away = failed is not null || (_away && deleted == 0);
    }

    private async Task ExpireAsync(string which, long bound, long began, CancellationToken cancellationToken)
    {
        int gone;
        do
        {
            await using var command = source.CreateCommand(
                $"""
                with due as ({which}),
                gone as (delete from gofer.objects o using due where o.owner = due.owner and o.key = due.key returning o.blob),
                kept as (insert into gofer.object_garbage (blob, due_at, doomed) select blob, now(), true from gone on conflict do nothing)
                select count(*)::int from gone
                """);
            command.Parameters.Add(Sql.P(bound));
            command.Parameters.Add(Sql.P(Batch));
            gone = (int)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
        while (gone == Batch && Stopwatch.GetElapsedTime(began) < s_pass);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Bytes that no object has cannot be deleted now: {Reason}")]
        public static partial void Away(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "Bytes that no object has are deleted again")]
        public static partial void Back(ILogger logger);
    }
}
