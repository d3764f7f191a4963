using System.Diagnostics;
using Gofer.Application.Notifications;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Notifications;

/// <inheritdoc cref="INotificationQueue"/>
internal sealed class NotificationQueue(NpgsqlDataSource source, DeliveryMaking making, DeliverySending sending) : INotificationQueue
{
    /// <summary>Whether there is anything to look for; an expression that a heartbeat asks with its own.</summary>
    public const string Wanted = """
        (exists (select from gofer.notifications where enabled) or exists (select from gofer.ended_runs) or exists (select from gofer.deliveries where state = 'open'))
        """;

    /// <summary>How soon somebody looks for the ends of runs: nobody tells of those.</summary>
    private static readonly TimeSpan s_ends = TimeSpan.FromSeconds(1);

    /// <summary>How soon the next of many is taken.</summary>
    private static readonly TimeSpan s_busy = TimeSpan.FromMilliseconds(50);

    /// <summary>How soon somebody looks again for what is due and cannot be sent yet.</summary>
    private static readonly TimeSpan s_held = TimeSpan.FromMilliseconds(250);

    /// <summary>How often overdue runs are looked for.</summary>
    private static readonly TimeSpan s_overdue = TimeSpan.FromSeconds(2);

    private long _lookedAt;

    /// <inheritdoc/>
    public async Task<TimeSpan?> PassAsync(CancellationToken cancellationToken)
    {
        var (wanted, ended, times, next) = await LookAsync(cancellationToken);
        var made = ended ? await making.OfEndedAsync(cancellationToken) : 0;
        if (times && (_lookedAt == 0 || Stopwatch.GetElapsedTime(_lookedAt) >= s_overdue))
        {
            _lookedAt = Stopwatch.GetTimestamp();
            made += await making.OfOverdueAsync(cancellationToken);
        }

        var sent = made > 0 || next <= TimeSpan.Zero ? await sending.BeginAsync(cancellationToken) : 0;
        if (made > 0 || sent > 0) return s_busy;
        if (next <= TimeSpan.Zero) return s_held;
        if (wanted && !(next < s_ends)) return s_ends;
        return next;
    }

    /// <summary>Ends once nothing is being sent by this process.</summary>
    public Task WhenIdleAsync() => sending.WhenIdleAsync();

    private async Task<(bool Wanted, bool Ended, bool Times, TimeSpan? Next)> LookAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            select exists (select from gofer.notifications where enabled), exists (select from gofer.ended_runs),
                exists (select from gofer.notifications where enabled and longer_than is not null),
                (select extract(epoch from min(due_at) - now())::double precision from gofer.deliveries where state = 'open')
            """);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (row.GetBoolean(0), row.GetBoolean(1), row.GetBoolean(2), row.Maybe<double>(3) is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
    }
}
