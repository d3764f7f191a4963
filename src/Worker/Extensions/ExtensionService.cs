using System.Collections.Concurrent;
using System.Diagnostics;
using Gofer.Application.Common;
using Gofer.Application.Extensions;
using Gofer.Application.Secrets;
using Gofer.Domain.Common;
using Gofer.Domain.Extensions;

namespace Gofer.Worker.Extensions;

/// <summary>
/// Serves an extension that is reached: waits until it takes calls, tells it its subscriptions, and takes its events into the ledger. Everything that it is told can be told again,
/// and everything that it sends may come again, so this ends with an error wherever anything fails, and begins anew.
/// </summary>
internal sealed class ExtensionService(ExtensionTools tools, ExtensionRoom room, IExtensionLink link, Func<bool> hasRequests, Func<Task> changed)
{
    /// <summary>Events on their way without an acknowledgement.</summary>
    internal const int Window = 100;

    /// <summary>Events a second that are taken of one extension, on the average; more wait in it. Else one could keep every other trigger waiting.</summary>
    internal const int Rate = 100;

    /// <summary>Bytes of events that share a commit.</summary>
    private const int Heaviest = 1 << 20;

    /// <summary>Bytes of data that count as an event by themselves.</summary>
    private const int Heavy = 64 << 10;

    /// <summary>Subscriptions that are told at a time.</summary>
    private const int AtOnce = 8;

    /// <summary>Between two looks at what is wanted: whatever happens in the install says that there may be something.</summary>
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(5);

    /// <summary>After how long a subscription is tried again that was refused: what it lacked may be there then, such as a secret.</summary>
    private static readonly TimeSpan s_again = TimeSpan.FromMinutes(1);

    /// <summary>By the subscription's id, what the extension was told of, and when it refused that; zero where it did not.</summary>
    private readonly ConcurrentDictionary<string, (TriggerId Trigger, long RefusedAt)> _subscribed = new(StringComparer.Ordinal);

    /// <summary>Serves it; ends only with an error.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await HealthyAsync(cancellationToken);
        var description = await link.DescribeAsync(cancellationToken);
        await tools.Board.StateAsync(room.Hold, ExtensionState.Running, null, description, cancellationToken);
        // Before the watch: one that another worker told of them sends events at once, and those of subscriptions that are not known here would be dropped.
        var told = changed();
        await SubscribeAsync(description, cancellationToken);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var watch = await link.WatchAsync(Window, end.Token);
        Task[] all = [TakeAsync(watch, end.Token), KeepAsync(description, told, end.Token), HandleAsync(description, end.Token), LookAsync(end.Token)];
        try
        {
            await await Task.WhenAny(all);
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(all).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Waits until it takes calls.</summary>
    private async Task HealthyAsync(CancellationToken cancellationToken)
    {
        for (var began = tools.Clock.GetTimestamp(); ;)
        {
            try
            {
                await link.HealthAsync(cancellationToken);
                return;
            }
            catch (ExtensionUnavailableException e)
            {
                if (tools.Clock.GetElapsedTime(began) > s_patience) throw new ExtensionEndedException($"It did not say within {s_patience.TotalSeconds:0} s that it serves: {e.Message}");
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            }
        }
    }

    /// <summary>Throws once it has not said for too long that it takes calls.</summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        for (var last = tools.Clock.GetTimestamp(); ;)
        {
            await Task.Delay(s_look, cancellationToken);
            try
            {
                await link.HealthAsync(cancellationToken);
                last = tools.Clock.GetTimestamp();
            }
            catch (ExtensionUnavailableException e)
            {
                if (tools.Clock.GetElapsedTime(last) > s_patience) throw new ExtensionEndedException($"It has not said for {s_patience.TotalSeconds:0} s that it serves: {e.Message}");
            }
        }
    }

    /// <summary>Takes events into the ledger. They are acknowledged once they are committed; a crash before that costs nothing, for then they come again.</summary>
    private async Task TakeAsync(IExtensionWatch watch, CancellationToken cancellationToken)
    {
        var (taken, clock) = (0L, Stopwatch.StartNew());
        Task<WatchedEvent?>? next = null;
        while (true)
        {
            var events = new List<WatchedEvent>();
            var bytes = 0L;
            do
            {
                next ??= watch.NextAsync(cancellationToken);
                if (await next is not { } e) throw new ExtensionUnavailableException("The extension ended the stream of its events");
                next = null;
                events.Add(e);
                bytes += e.Data.Length;
                if (events.Count < Window && bytes < Heaviest) next = watch.NextAsync(cancellationToken);
            }
            while (next is { IsCompletedSuccessfully: true });

            var known = new List<ExtensionEvent>();
            foreach (var e in events)
            {
                if (_subscribed.TryGetValue(e.Subscription, out var of)) known.Add(new ExtensionEvent(of.Trigger, e.Subscription, e.Id, e.Time, e.Data, e.Cursor));
            }

            if (known.Count > 0) await tools.Board.AddAsync(room.Hold, known, cancellationToken);
            try
            {
                await watch.AcknowledgeAsync(events, cancellationToken);
            }
            catch (ExtensionUnavailableException) when (next is { IsFaulted: true })
            {
                // The stream is over because of what came next, which says why.
                await next;
                throw;
            }

            // What is heavy counts for more.
            taken += Math.Max(events.Count, bytes / Heavy);
            // A second's worth may come at once.
            var ahead = taken - (clock.Elapsed.TotalSeconds * Rate);
            if (ahead > Rate) await Task.Delay(TimeSpan.FromSeconds((ahead - Rate) / Rate), cancellationToken);
            else if (ahead < 0) (taken, clock) = (0, Stopwatch.StartNew());
        }
    }

    /// <summary>Keeps the extension's subscriptions those that are wanted.</summary>
    private async Task KeepAsync(ExtensionDescription description, Task told, CancellationToken cancellationToken)
    {
        while (true)
        {
            await told.WaitAsync(cancellationToken);
            await Task.Delay(s_pace, cancellationToken);
            told = changed();
            await SubscribeAsync(description, cancellationToken);
        }
    }

    private async Task SubscribeAsync(ExtensionDescription description, CancellationToken cancellationToken)
    {
        var wanted = await tools.Board.SubscriptionsAsync(room.Hold, cancellationToken);
        foreach (var gone in _subscribed.Keys.Except(wanted.Select(w => w.Id)).ToList())
        {
            // What is still on its way is dropped when it comes.
            _subscribed.TryRemove(gone, out _);
            try
            {
                await link.UnsubscribeAsync(gone, cancellationToken);
            }
            catch (ExtensionUnavailableException)
            {
                await link.HealthAsync(cancellationToken); // where it is away altogether, that says so
            }
        }

        var due = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(wanted.Where(IsDue).ToList(), due, async (subscription, token) =>
        {
            var problem = await ProblemAsync(subscription, description, token);
            _subscribed[subscription.Id] = (subscription.Trigger, problem is null ? 0 : tools.Clock.GetTimestamp());
            await tools.Board.SubscribedAsync(room.Hold, subscription, problem is null ? SubscriptionState.Active : SubscriptionState.Refused, problem, token);
        });
    }

    private bool IsDue(WantedSubscription wanted) =>
        !_subscribed.TryGetValue(wanted.Id, out var known) || (known.RefusedAt > 0 && tools.Clock.GetElapsedTime(known.RefusedAt) > s_again);

    /// <summary>Subscribes; why it is not subscribed, or null where it is.</summary>
    private async Task<string?> ProblemAsync(WantedSubscription wanted, ExtensionDescription description, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, string> values;
        try
        {
            values = await tools.ParamsAsync(wanted, cancellationToken);
        }
        catch (Exception e) when (e is ExtensionSetupException or UnreadableSecretException or StoreUnavailableException)
        {
            return e.Message;
        }

        if (ExtensionSettings.Check(wanted.With, description.Params).Select(c => c.Message).FirstOrDefault() is { } complaint) return complaint;
        // Before it is asked: its first event may come sooner than its answer.
        _subscribed[wanted.Id] = (wanted.Trigger, 0);
        await tools.Board.SubscribedAsync(room.Hold, wanted, SubscriptionState.Pending, null, cancellationToken);
        var order = new SubscriptionOrder(wanted.Id, wanted.Namespace, wanted.Pipeline, wanted.Name, values);
        var secrets = values.Where(v => wanted.With[v.Key] != v.Value).Select(v => v.Value).ToList();
        room.Hide(secrets);
        IReadOnlyList<ExtensionProblem> problems;
        try
        {
            problems = await link.SubscribeAsync(order, wanted.Cursor, wanted.Since, cancellationToken);
        }
        catch (ExtensionUnavailableException e)
        {
            // One subscription that it cannot take keeps the others from nothing.
            await link.HealthAsync(cancellationToken);
            return e.Message;
        }

        // Its words may hold what it was given.
        return problems.Count == 0 ? null : Domain.Secrets.MaskSet.Of(secrets).Mask(string.Join(' ', problems.Take(5).Select(p => p.Param.Length > 0 ? $"'{p.Param}': {p.Message}" : p.Message)));
    }

    /// <summary>Hands it what was sent to its URL. What it does not take is offered again later, and holds up nothing.</summary>
    private async Task HandleAsync(ExtensionDescription description, CancellationToken cancellationToken)
    {
        while (true)
        {
            var told = changed();
            while (hasRequests() && await tools.Board.RequestsAsync(room.Hold, 10, cancellationToken) is { Count: > 0 } requests)
            {
                foreach (var request in requests)
                {
                    try
                    {
                        // It may have come before anybody knew that it takes none.
                        if (description.ExternalEvents) await link.HandleAsync(request, cancellationToken);
                        // A crash before this hands it over once more, under the same id.
                        await tools.Board.HandledAsync(request.Id, cancellationToken);
                    }
                    catch (ExtensionUnavailableException)
                    {
                        await link.HealthAsync(cancellationToken);
                        await tools.Board.PostponeAsync(request.Id, cancellationToken);
                    }
                }
            }

            await told.WaitAsync(cancellationToken);
        }
    }
}
