using System.Collections.Concurrent;
using Gofer.Application.Common;
using Gofer.Application.Notifications;
using Gofer.Application.Secrets;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using Gofer.Domain.Pipelines;
using Gofer.Infrastructure.Notifications;
using Gofer.Infrastructure.Postgres.Queue;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Gofer.Infrastructure.Postgres.Notifications;

/// <summary>
/// Sends what is due, outside of transactions. Who sends a delivery first moves its time ahead, so that nobody else takes it meanwhile; a process that dies leaves it to
/// whoever looks when that time has come. Secrets are read when something is sent and stay in memory only as long.
/// </summary>
internal sealed partial class DeliverySending(
    NpgsqlDataSource source, NotificationSender sender, TargetLimiter limiter, ISecretStore secrets, TimeProvider clock, ILogger<DeliverySending> logger)
{
    /// <summary>Longer than an attempt may take with all that is around it.</summary>
    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<Guid, Task> _sent = [];

    /// <summary>Takes what is due and begins to send it; answers how many deliveries that were.</summary>
    public async Task<int> BeginAsync(CancellationToken cancellationToken)
    {
        var free = TargetLimiter.Together - _sent.Count;
        if (free <= 0) return 0;
        var due = await TakeAsync(free, cancellationToken);
        foreach (var delivery in due)
        {
            _sent[delivery.Id] = Task.CompletedTask;
            var task = Task.Run(() => SeeToAsync(delivery, cancellationToken), CancellationToken.None);
            _sent.TryUpdate(delivery.Id, task, Task.CompletedTask);
        }

        return due.Count;
    }

    /// <summary>Ends once nothing is being sent by this process.</summary>
    public Task WhenIdleAsync() => Task.WhenAll(_sent.Values);

    private async Task<List<Due>> TakeAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            with due as (
                select id from gofer.deliveries where state = 'open' and due_at <= now() and notification_id <> all($1) order by due_at limit $2 for update skip locked)
            update gofer.deliveries d set due_at = now() + $3 from due where d.id = due.id
            returning d.id, d.notification_id, d.namespace_id, d.pipeline_id, d.event, d.body, d.attempts,
                (select definition from gofer.notifications x where x.id = d.notification_id), (select name from gofer.namespaces n where n.id = d.namespace_id)
            """);
        command.Parameters.Add(Sql.P(limiter.Held(clock.GetUtcNow()).Select(Guid.Parse).ToArray()));
        command.Parameters.Add(Sql.P(limit));
        command.Parameters.Add(Sql.P(s_lease));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var due = new List<Due>();
        while (await row.ReadAsync(cancellationToken))
        {
            due.Add(new Due(
                row.GetGuid(0), row.GetGuid(1), new NamespaceId(row.GetGuid(2)), new PipelineId(row.GetGuid(3)), row.GetString(4), row.GetFieldValue<byte[]>(5), row.GetInt32(6),
                row.Text(7), row.Text(8) ?? ""));
        }

        return due;
    }

    private async Task SeeToAsync(Due due, CancellationToken cancellationToken)
    {
        try
        {
            var (result, wait) = await SendAsync(due, cancellationToken);
            if (result is null) await PutOffAsync(due, wait, cancellationToken);
            else await WriteAsync(due, result);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Sent or not: it is sent again when its lease is over, and its id says so.
        }
        // Nobody waits for it: whatever it is, the delivery is due again after its lease.
#pragma warning disable CA1031
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.Failed(logger, due.Id, e.Message);
        }
        finally
        {
            _sent.TryRemove(due.Id, out _);
        }
    }

    /// <summary>What came of it; null where it was not let in, and then how long it has to wait.</summary>
    private async Task<(DeliveryResult? Result, TimeSpan Wait)> SendAsync(Due due, CancellationToken cancellationToken)
    {
        if (due.Definition is null) return (Failed("The notification was deleted before it was sent."), default);
        var definition = NotificationReader.ReadStored(due.Definition);
        if (!definition.Enabled) return (Failed("The notification was disabled before it was sent."), default);
        string url;
        string? key = null;
        try
        {
            var read = await ResolveAsync(due, definition.Url, cancellationToken);
            if (read is null) return (Failed($"The secret of its address, {definition.Url}, does not exist or is not for this namespace."), default);
            url = read;
            if (definition.Secret is { } signing && (key = await ResolveAsync(due, signing, cancellationToken)) is null)
            {
                return (Failed($"The secret that signs it, {signing}, does not exist or is not for this namespace."), default);
            }
        }
        catch (UnreadableSecretException)
        {
            return (Failed("A secret that it needs is there and cannot be read."), default);
        }
        catch (StoreUnavailableException)
        {
            return (new DeliveryResult(DeliveryOutcome.Retry, null, "The store of secrets did not answer."), default);
        }

        var delivery = new Delivery
        {
            Id = due.Id,
            Event = due.Event,
            Url = url,
            HidesUrl = definition.HidesUrl || NotificationUrl.Shown(url) != url,
            Key = key,
            Body = due.Body,
        };
        // An address that cannot be is refused by the sender, which says why.
        var host = NotificationUrl.Read(url) is { IsOk: true, Value: var read2 } ? read2.Host : "";
        using var pass = limiter.TryEnter(due.Notification.ToString(), host, clock.GetUtcNow(), out var wait);
        return pass is null ? (null, wait) : (await sender.SendAsync(delivery, cancellationToken), default);
    }

    private static DeliveryResult Failed(string message) => new(DeliveryOutcome.Failed, null, message);

    /// <summary>The text, or the value of the secret that it stands for; null where there is none.</summary>
    private async Task<string?> ResolveAsync(Due due, string text, CancellationToken cancellationToken)
    {
        if (Interpolation.Parse(text) is not { } found) return text;
        if (SecretReferences.ScopeOf(found.Kind, due.Namespace, due.Pipeline) is not { } scope) return null;
        return (await secrets.ReadForAsync(scope, found.Key, due.NamespaceName, cancellationToken))?.Value.Reveal();
    }

    private async Task PutOffAsync(Due due, TimeSpan wait, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("update gofer.deliveries set due_at = now() + $3 where id = $1 and state = 'open' and attempts = $2");
        command.Parameters.Add(Sql.P(due.Id));
        command.Parameters.Add(Sql.P(due.Attempts));
        command.Parameters.Add(Sql.P(wait));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Writes the result also where the process is about to stop: what was sent is not to be sent again.</summary>
    private async Task WriteAsync(Due due, DeliveryResult result)
    {
        var attempts = due.Attempts + 1;
        var wait = result.Outcome == DeliveryOutcome.Retry ? RetrySchedule.Delay(due.Id, attempts, result.RetryAfter) : null;
        var state = result.Outcome switch
        {
            DeliveryOutcome.Delivered => DeliveryStates.Delivered,
            DeliveryOutcome.Refused => DeliveryStates.Refused,
            _ when wait is not null => DeliveryStates.Open,
            _ => DeliveryStates.Failed,
        };
        using var patience = new CancellationTokenSource(NotificationSender.Timeout);
        await using var command = source.CreateCommand(
            """
            update gofer.deliveries set state = $3, attempts = attempts + 1, due_at = now() + $4, last_status = $5, last_message = $6,
                decided_at = case when $3 <> 'open' then now() end
            where id = $1 and state = 'open' and attempts = $2
            """);
        command.Parameters.Add(Sql.P(due.Id));
        command.Parameters.Add(Sql.P(due.Attempts));
        command.Parameters.Add(Sql.P(state));
        command.Parameters.Add(Sql.P(wait ?? TimeSpan.Zero));
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)result.Status ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer });
        command.Parameters.Add(Sql.P(result.Message.Replace("\0", "", StringComparison.Ordinal)));
        await command.ExecuteNonQueryAsync(patience.Token);
    }

    private sealed record Due(
        Guid Id, Guid Notification, NamespaceId Namespace, PipelineId Pipeline, string Event, byte[] Body, int Attempts, string? Definition, string NamespaceName);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The delivery {Id} could not be seen to and is tried again: {Reason}")]
        public static partial void Failed(ILogger logger, Guid id, string reason);
    }
}
