using System.Runtime.CompilerServices;
using Gofer.Application.Extensions;
using Gofer.Extensions.V1;
using Grpc.Core;

namespace Gofer.Infrastructure.Extensions;

/// <summary>
/// A stream of events of an extension. It reads no faster than its owner takes them, and holds the extension to its window: one that sends more is
/// left at once.
/// </summary>
internal sealed class ExtensionWatch : IDisposable
{
    private const string Call = "Watch";

    /// <summary>Acknowledgements of one message: of the longest ids it stays far below the largest.</summary>
    private const int AtOnce = 1000;

    private readonly ExtensionChannel _channel;
    private readonly int _window;
    private readonly CancellationTokenSource _end = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly AsyncDuplexStreamingCall<WatchRequest, WatchResponse> _call;
    private int _unacknowledged;
    private bool _late;

    internal ExtensionWatch(ExtensionChannel channel, int window, Func<CancellationToken, AsyncDuplexStreamingCall<WatchRequest, WatchResponse>> begin)
    {
        (_channel, _window) = (channel, window);
        _call = begin(_end.Token);
    }

    /// <summary>Events that came and were not acknowledged.</summary>
    public int Unacknowledged => Volatile.Read(ref _unacknowledged);

    /// <summary>The events as they come, each judged; it ends where the extension ends the stream. One reader at a time.</summary>
    /// <exception cref="ExtensionUnavailableException">The stream broke.</exception>
    /// <exception cref="ExtensionProtocolException">An event is none, or there are more than the window holds; the stream is over.</exception>
    public async IAsyncEnumerable<Event> EventsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await NextAsync(cancellationToken) is { } next) yield return next;
    }

    /// <summary>Acknowledges events: one for each that came, also for one that came before. They are stored, so the extension may forget them.</summary>
    /// <exception cref="ExtensionUnavailableException">The stream is over, or the extension does not take them in time: they come again.</exception>
    public async Task AckAsync(IEnumerable<EventRef> events, CancellationToken cancellationToken)
    {
        foreach (var some in events.Chunk(AtOnce))
        {
            // Before they are sent: the extension may use the room sooner than the sending returns here.
            if (Interlocked.Add(ref _unacknowledged, -some.Length) < 0) throw new InvalidOperationException("More events are acknowledged than came.");
            await SendAsync(new WatchRequest { Ack = new WatchAck { Events = { some } } }, cancellationToken);
        }
    }

    /// <summary>Ends the stream.</summary>
    public void Dispose()
    {
        _end.Cancel();
        _call.Dispose();
        _end.Dispose();
        _turn.Dispose();
    }

    /// <summary>Sends the window and waits for the metadata.</summary>
    internal async Task<Metadata> BeginAsync(CancellationToken cancellationToken)
    {
        await SendAsync(new WatchRequest { Start = new WatchStart { Window = _window } }, cancellationToken);
        return await StepAsync(() => _call.ResponseHeadersAsync, cancellationToken);
    }

    /// <summary>Throws where the stream ends with an error before anything came; its metadata may be here before that is known.</summary>
    internal async Task RefusedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _call.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(1), cancellationToken);
        }
        catch (TimeoutException)
        {
            // It goes on, without a proof.
        }
        catch (Exception e) when (IsEnd(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw _channel.Failed(Call, e);
        }
    }

    internal async Task<Event?> NextAsync(CancellationToken cancellationToken)
    {
        using var ended = cancellationToken.UnsafeRegister(static end => ((CancellationTokenSource)end!).Cancel(), _end);
        try
        {
            if (!await _call.ResponseStream.MoveNext(CancellationToken.None)) return null;
            if (Interlocked.Increment(ref _unacknowledged) > _window)
            {
                throw new ExtensionProtocolException("window", $"it sent {_window + 1} events without an acknowledgement; the window is {_window}.");
            }

            return ExtensionRules.Check(_call.ResponseStream.Current);
        }
        catch (ExtensionProtocolException)
        {
            await _end.CancelAsync();
            throw;
        }
        catch (Exception e) when (IsEnd(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw _channel.Failed(Call, e, late: Volatile.Read(ref _late));
        }
    }

    private async Task SendAsync(WatchRequest message, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await StepAsync(
                async () =>
                {
                    await _call.RequestStream.WriteAsync(message, CancellationToken.None);
                    return true;
                },
                cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Waits for a step of the extension's, which has so long; the whole stream ends where it is not made.</summary>
    private async Task<T> StepAsync<T>(Func<Task<T>> step, CancellationToken cancellationToken)
    {
        var made = Task.Run(step, CancellationToken.None);
        try
        {
            return await made.WaitAsync(_channel.Patience, cancellationToken);
        }
        catch (TimeoutException e)
        {
            Volatile.Write(ref _late, true);
            await _end.CancelAsync();
            throw _channel.Failed(Call, e, late: true);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await _end.CancelAsync();
            throw;
        }
        catch (Exception e) when (IsEnd(e))
        {
            throw _channel.Failed(Call, e);
        }
    }

    private static bool IsEnd(Exception e) => e is RpcException or InvalidOperationException or IOException or OperationCanceledException or ObjectDisposedException;
}
