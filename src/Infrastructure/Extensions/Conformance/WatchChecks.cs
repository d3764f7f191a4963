using Gofer.Application.Extensions;
using Gofer.Extensions.V1;
using Google.Protobuf.WellKnownTypes;

namespace Gofer.Infrastructure.Extensions.Conformance;

/// <summary>The checks of subscriptions and their streams. Each makes a subscription of its own and ends it.</summary>
internal sealed class WatchChecks(ExtensionConformance test, ExtensionChannel channel)
{
    /// <summary>How long nothing may come before it is believed that nothing will.</summary>
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(2);

    public async Task SubscribeAsync(CancellationToken cancellationToken)
    {
        var id = NewId();
        await channel.UnsubscribeAsync(id, cancellationToken);
        await BeginAsync(id, "", cancellationToken);
        await BeginAsync(id, "", cancellationToken);
        using (var watch = await channel.WatchAsync(10, cancellationToken)) await TakeAsync(watch, id, 1, cancellationToken);

        await channel.UnsubscribeAsync(id, cancellationToken);
        await channel.UnsubscribeAsync(id, cancellationToken);
        // In a new Watch: what is on its way in the old one was sent before.
        using var after = await channel.WatchAsync(10, cancellationToken);
        if (await NextAsync(after, id, s_quiet, cancellationToken) is not null) throw Broken("subscribe", "an event came of a subscription that was ended.");
    }

    public Task WindowAsync(CancellationToken cancellationToken) => WithAsync(
        async id =>
        {
            foreach (var window in (int[])[1, 3])
            {
                using var watch = await channel.WatchAsync(window, cancellationToken);
                await TakeAsync(watch, id, window, cancellationToken);
                // One more would be too many, which the channel says.
                await NextAsync(watch, id, s_quiet, cancellationToken);
            }
        },
        cancellationToken);

    public Task WatchAsync(CancellationToken cancellationToken) => WithAsync(
        async id =>
        {
            List<Event> first;
            var left = await channel.WatchAsync(2, cancellationToken);
            using (left) first = await TakeAsync(left, id, 2, cancellationToken);

            var acknowledged = new HashSet<string>();
            var cursor = "";
            using (var watch = await channel.WatchAsync(2, cancellationToken))
            {
                var again = await TakeAsync(watch, id, 2, cancellationToken);
                if (first.Select(e => e.Id).Except(again.Select(e => e.Id)).FirstOrDefault() is { } lost)
                {
                    throw Broken("watch", $"the event '{lost}' was not acknowledged, and the next Watch does not begin with it.");
                }

                foreach (var sent in again)
                {
                    acknowledged.Add(sent.Id);
                    cursor = sent.Cursor is "" ? cursor : sent.Cursor;
                    await watch.AckAsync([new EventRef { SubscriptionId = id, EventId = sent.Id }], cancellationToken);
                }

                // Two, for which there is room only once both acknowledgements have arrived.
                var more = await TakeAsync(watch, id, 2, cancellationToken);
                if (more.Find(e => acknowledged.Contains(e.Id)) is { } twice) throw Broken("watch", $"the event '{twice.Id}' comes again after it was acknowledged.");
            }

            using (var old = await channel.WatchAsync(1, cancellationToken))
            using (var newer = await channel.WatchAsync(2, cancellationToken))
            {
                var sent = await TakeAsync(newer, id, 1, cancellationToken);
                if (acknowledged.Contains(sent[0].Id)) throw Broken("watch", $"the event '{sent[0].Id}' comes again after it was acknowledged.");
            }

            if (cursor is "") return; // it has none, and is told none
            await BeginAsync(id, cursor, cancellationToken);
            using var onwards = await channel.WatchAsync(2, cancellationToken);
            foreach (var sent in await TakeAsync(onwards, id, 2, cancellationToken))
            {
                if (acknowledged.Contains(sent.Id)) throw Broken("watch", $"told the cursor '{cursor}', it sends the event '{sent.Id}', which is not after it.");
            }
        },
        cancellationToken);

    private async Task WithAsync(Func<string, Task> check, CancellationToken cancellationToken)
    {
        var id = NewId();
        await BeginAsync(id, "", cancellationToken);
        try
        {
            await check(id);
        }
        finally
        {
            await channel.UnsubscribeAsync(id, cancellationToken);
        }
    }

    private async Task BeginAsync(string id, string cursor, CancellationToken cancellationToken)
    {
        var request = new SubscribeRequest
        {
            Subscription = new Subscription { Id = id, Namespace = "conformance", Pipeline = "conformance", Trigger = "conformance" },
            Cursor = cursor,
            Since = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow()),
        };
        foreach (var (name, value) in test.Params) request.Subscription.Params[name] = value;
        if (await channel.SubscribeAsync(request, cancellationToken) is [var problem, ..])
        {
            throw Broken("subscribe", $"the parameters of -p are refused: {(problem.Param is "" ? "" : problem.Param + ": ")}{problem.Message}");
        }
    }

    /// <summary>The next events of the subscription; those of others are acknowledged and dropped, as Gofer does.</summary>
    private async Task<List<Event>> TakeAsync(ExtensionWatch watch, string id, int count, CancellationToken cancellationToken)
    {
        var came = new List<Event>();
        while (came.Count < count)
        {
            came.Add(await NextAsync(watch, id, test.Wait, cancellationToken) ?? throw Broken(
                "watch", $"no event came within {test.Wait.TotalSeconds} seconds. Give parameters with -p of which events come often, or more time with --wait."));
        }

        return came;
    }

    /// <summary>The next event; null where none comes in that time, after which the watch is over.</summary>
    private static async Task<Event?> NextAsync(ExtensionWatch watch, string id, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(wait);
        try
        {
            await foreach (var sent in watch.EventsAsync(late.Token))
            {
                if (sent.SubscriptionId == id) return sent;
                await watch.AckAsync([new EventRef { SubscriptionId = sent.SubscriptionId, EventId = sent.Id }], late.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }

        throw Broken("watch", "it ended the Watch, which goes on until Gofer leaves.");
    }

    private static string NewId() => $"conformance-{Guid.CreateVersion7():N}";

    private static ExtensionProtocolException Broken(string rule, string what) => new(rule, what);
}
