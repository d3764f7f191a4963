using Gofer.Application.Runs;
using Gofer.Application.Triggers;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Postgres.Signals;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Triggers;

/// <inheritdoc cref="ITriggerQueue"/>
internal sealed class TriggerQueue(NpgsqlDataSource source, EngineTransaction transactions, TriggerTicks ticks, BackfillSteps backfills, EventDecisions decisions, Notifier notifier) : ITriggerQueue
{
    /// <summary>How soon events are looked at again that wait for a run to end.</summary>
    private static readonly TimeSpan s_waits = TimeSpan.FromMilliseconds(250);

    /// <summary>How soon somebody looks for the ends of runs that triggers follow: nobody tells of those.</summary>
    private static readonly TimeSpan s_follows = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task<TimeSpan?> PassAsync(CancellationToken cancellationToken)
    {
        var due = await ticks.RunAsync(cancellationToken);
        var made = await backfills.RunAsync(cancellationToken);
        var decided = await decisions.RunAsync(cancellationToken);
        if (due > 0 || made > 0 || decided > 0) return TimeSpan.Zero;
        await using var command = source.CreateCommand(
            $"""
            select (select extract(epoch from min(due_at) - now())::double precision from gofer.triggers),
                exists (select from gofer.open_trigger_events), exists (select from gofer.triggers where upstream_pipeline is not null),
                {BackfillSteps.Next}
            """);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        TimeSpan? next = row.Maybe<double>(0) is { } seconds ? TimeSpan.FromSeconds(Math.Max(0, seconds)) : null;
        if (row.GetBoolean(2)) next = next < s_follows ? next : s_follows;
        if (row.GetBoolean(1)) next = next < s_waits ? next : s_waits;
        if (row.Maybe<double>(3) is { } look && !(next < TimeSpan.FromSeconds(look))) next = TimeSpan.FromSeconds(look);
        return next;
    }

    /// <inheritdoc/>
    public void Wake() => notifier.Timers();

    /// <inheritdoc/>
    public async Task<Result<CreateAnswer>> AddAsync(NewTriggerEvent added, IdempotencyClaim? claim, StoredAnswer answer, CancellationToken cancellationToken)
    {
        var result = await transactions.RunAsync(
            async (session, token) =>
            {
                if (claim is not null && await IdempotencyKeys.TakeAsync(session, claim, token) is { } earlier) return earlier;
                var writes = new Writes();
                writes.Add(EventRows.Insert, EventRows.Parameters(added));
                if (claim is not null) IdempotencyKeys.Keep(writes, [(claim, answer)], []);
                await session.CommitAsync(writes, token);
                return new CreateAnswer(answer, Replayed: false);
            },
            cancellationToken);
        Wake();
        return result;
    }
}
