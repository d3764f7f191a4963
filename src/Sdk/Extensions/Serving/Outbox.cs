using System.Threading.Channels;
using Gofer.Extensions.V1;
using Grpc.Core;

namespace Gofer.Sdk.Extensions.Serving;

/// <summary>An event on its way. Its owner is cancelled where the subscription was replaced or ended, which makes it void.</summary>
internal sealed record Item(Event Event, CancellationToken Owner)
{
    private readonly TaskCompletionSource _stored = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends once Gofer has stored it, or nobody waits for it any more.</summary>
    public Task Stored => _stored.Task;

    public void Done() => _stored.TrySetResult();
}

/// <summary>
/// Events from when they are made until Gofer acknowledged them. One Watch at a time takes them: first those that an earlier one sent and nobody
/// acknowledged. Whoever makes events waits here until there is room, so that nothing piles up.
/// </summary>
internal sealed class Outbox : IDisposable
{
    private readonly Channel<Item> _made = Channel.CreateBounded<Item>(1);
    private readonly List<Item> _unacknowledged = [];
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turn = new(1);
    private CancellationTokenSource _current = new();

    public void Dispose()
    {
        _current.Dispose();
        _turn.Dispose();
    }

    public ValueTask AddAsync(Item item, CancellationToken cancellationToken) => _made.Writer.WriteAsync(item, cancellationToken);

    /// <summary>Serves a Watch until its client leaves, or another Watch replaces it.</summary>
    public async Task WatchAsync(IAsyncStreamReader<WatchRequest> requests, IServerStreamWriter<WatchResponse> responses, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var before = Interlocked.Exchange(ref _current, over);
        try
        {
            await before.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It is over.
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (!await requests.MoveNext(over.Token) || requests.Current.Start is not { Window: > 0 } start)
            {
                throw new RpcException(new Status(StatusCode.InvalidArgument, "A Watch begins with its window."));
            }

            using var room = new SemaphoreSlim(start.Window);
            Task[] both = [AcknowledgeAsync(requests, room, over.Token), SendAsync(responses, room, over.Token)];
            await Task.WhenAny(both);
            await over.CancelAsync();
            await Task.WhenAll(both);
        }
        catch (Exception e) when (over.IsCancellationRequested && e is OperationCanceledException or InvalidOperationException or IOException)
        {
            // Its client is gone, or has begun another.
        }
        finally
        {
            await over.CancelAsync();
            _turn.Release();
        }
    }

    private async Task SendAsync(IServerStreamWriter<WatchResponse> responses, SemaphoreSlim room, CancellationToken cancellationToken)
    {
        List<Item> again;
        lock (_lock) again = [.. _unacknowledged];
        foreach (var item in again)
        {
            await room.WaitAsync(cancellationToken);
            await WriteAsync(item);
        }

        while (true)
        {
            await room.WaitAsync(cancellationToken);
            var item = await _made.Reader.ReadAsync(cancellationToken);
            // Before it is sent: its acknowledgement may be quick, and who dies now sends it again.
            lock (_lock) _unacknowledged.Add(item);
            await WriteAsync(item);
        }

        async Task WriteAsync(Item item)
        {
            bool isWanted;
            lock (_lock)
            {
                if (item.Owner.IsCancellationRequested) _unacknowledged.Remove(item);
                isWanted = _unacknowledged.Contains(item);
            }

            if (isWanted)
            {
                await responses.WriteAsync(new WatchResponse { Event = item.Event }, cancellationToken);
                return;
            }

            item.Done();
            room.Release();
        }
    }

    private async Task AcknowledgeAsync(IAsyncStreamReader<WatchRequest> requests, SemaphoreSlim room, CancellationToken cancellationToken)
    {
        while (await requests.MoveNext(cancellationToken))
        {
            foreach (var stored in requests.Current.Ack?.Events ?? [])
            {
                List<Item> done;
                lock (_lock)
                {
                    done = _unacknowledged.FindAll(i => i.Event.Id == stored.EventId && i.Event.SubscriptionId == stored.SubscriptionId);
                    _unacknowledged.RemoveAll(done.Contains);
                }

                foreach (var item in done) item.Done();
                room.Release();
            }
        }
    }
}
