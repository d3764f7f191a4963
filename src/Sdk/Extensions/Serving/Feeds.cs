using System.Collections.Concurrent;
using Gofer.Extensions.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Gofer.Sdk.Extensions.Serving;

/// <summary>The subscriptions, each with the author's sequence of events running.</summary>
internal sealed class Feeds(GoferExtension extension, Outbox outbox, IHostApplicationLifetime lifetime, ILogger<Feeds> logger)
{
    private readonly ConcurrentDictionary<string, Feed> _all = new();

    /// <summary>Begins the events of a subscription; those of the one before under its id are void, but what somebody sent to the URL is not.</summary>
    public void Begin(ExtensionSubscription subscription)
    {
        var feed = new Feed(subscription, CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping), new CancellationTokenSource());
        _all.AddOrUpdate(subscription.Id, feed, (_, before) =>
        {
            before.Sequence.Cancel();
            return feed with { Life = before.Life };
        });
        _ = Task.Run(() => RunAsync(feed), CancellationToken.None);
    }

    /// <summary>Ends a subscription; nothing of it is sent afterwards.</summary>
    public void End(string id)
    {
        if (!_all.TryRemove(id, out var feed)) return;
        feed.Sequence.Cancel();
        feed.Life.Cancel();
    }

    /// <summary>Makes events of a request, and waits until they are stored.</summary>
    public async Task HandleAsync(ExternalRequest request, CancellationToken cancellationToken)
    {
        var items = new List<Item>();
        foreach (var feed in _all.Values)
        {
            var made = await extension.HandleExternalAsync(feed.Subscription, request, cancellationToken);
            items.AddRange(made.Select(m => new Item(Message(feed.Subscription.Id, m), feed.Life.Token)));
        }

        foreach (var item in items) await outbox.AddAsync(item, cancellationToken);
        foreach (var item in items) await item.Stored.WaitAsync(cancellationToken);
    }

    private async Task RunAsync(Feed feed)
    {
        var (subscription, end) = (feed.Subscription, feed.Sequence.Token);
        for (var pause = 1; !end.IsCancellationRequested; pause = Math.Min(2 * pause, 60))
        {
            try
            {
                await foreach (var made in extension.EventsAsync(subscription, end).WithCancellation(end))
                {
                    await outbox.AddAsync(new Item(Message(subscription.Id, made), end), end);
                    if (made.Cursor is not "") subscription = subscription with { Cursor = made.Cursor };
                    pause = 1;
                }

                return; // there are no more
            }
            catch (OperationCanceledException) when (end.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever an author's code throws, the other subscriptions go on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                // Not its message, which may quote a parameter that is a secret.
                logger.LogError("The events of {Subscription} broke off with {Error}; they begin anew in {Pause} s", subscription.Id, e.GetType().Name, pause);
                await Task.Delay(TimeSpan.FromSeconds(pause), end).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }

    private static Event Message(string subscription, ExtensionEvent made) => new()
    {
        SubscriptionId = subscription,
        Id = made.Id,
        Cursor = made.Cursor,
        Data = ByteString.CopyFrom(made.Data.Span),
        Time = made.Time is { } time ? Timestamp.FromDateTimeOffset(time) : null,
    };

    /// <summary>A subscription, the end of its sequence, and the end of all that is of its id.</summary>
    private sealed record Feed(ExtensionSubscription Subscription, CancellationTokenSource Sequence, CancellationTokenSource Life);
}
