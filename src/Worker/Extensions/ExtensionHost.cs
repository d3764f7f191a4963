using Gofer.Application.Common;
using Gofer.Application.Extensions;
using Gofer.Application.Schedulers;
using Gofer.Domain.Extensions;
using Microsoft.Extensions.Logging;

namespace Gofer.Worker.Extensions;

/// <summary>
/// One extension in this worker's hands: it is started, or found where it runs, and served until it is not wanted any more or the lease is gone. What fails is tried
/// again after a pause that grows. Where this dies at any line, the next holder does the same from the start and finds what is there.
/// </summary>
internal sealed partial class ExtensionHost : IAsyncDisposable
{
    /// <summary>How long an extension must have run for its failures to be forgotten.</summary>
    private static readonly TimeSpan s_settled = TimeSpan.FromMinutes(1);

    /// <summary>The longest pause between two tries.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(1);

    private readonly ExtensionTools _tools;
    private readonly ExtensionRoom _room;
    private readonly CancellationTokenSource _over = new();
    private readonly Task _running;
    private HeldExtension _held;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ExtensionHost(ExtensionTools tools, HeldExtension held, string backend)
    {
        (_tools, _held, _room) = (tools, held, new ExtensionRoom(tools, held, backend));
        _over.CancelAfter(tools.Lease);
        _running = Task.Run(() => RunAsync(_over.Token));
    }

    /// <summary>Whether it does nothing any more: the extension was ended, or the lease was in doubt for a moment.</summary>
    public bool IsOver => _running.IsCompleted || _over.IsCancellationRequested;

    /// <summary>The lease was renewed; this is what is wanted now.</summary>
    public void Learn(HeldExtension held)
    {
        try
        {
            // By this process's own clock: whoever may have taken the extension over is met by the fence, and nothing is begun here that is not ours any more.
            _over.CancelAfter(_tools.Lease);
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        Volatile.Write(ref _held, held);
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    /// <summary>Lets go of it; its container goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _over.Dispose();
        _room.Dispose();
    }

    private async Task RunAsync(CancellationToken over)
    {
        for (var failures = 0; !over.IsCancellationRequested;)
        {
            var began = _tools.Clock.GetTimestamp();
            try
            {
                if (Volatile.Read(ref _held).Definition is not { } definition)
                {
                    await _room.EndAsync(over);
                    return;
                }

                // Ends without an error where something else is wanted.
                await ServeAsync(definition, over);
                failures = 0;
            }
            catch (OperationCanceledException) when (over.IsCancellationRequested)
            {
                return;
            }
            catch (ExtensionLostException)
            {
                return;
            }
            // Whatever it is: an extension, or somebody's store, must not take the others down with it.
#pragma warning disable CA1031
            catch (Exception e)
#pragma warning restore CA1031
            {
                if (_tools.Clock.GetElapsedTime(began) > s_settled) failures = 0;
                await FailAsync(e, ++failures, over);
            }
        }
    }

    private async Task ServeAsync(string text, CancellationToken over)
    {
        var definition = ExtensionReader.ReadStored(text);
        var token = await _tools.TokenAsync(_room.Hold.Extension, over);
        // A container that ran before somebody else did.
        if (definition.Endpoint is not null && _room.HasContainer) await _room.EndAsync(over, next: ExtensionState.Starting);
        var address = definition.Endpoint ?? await _room.StartAsync(definition, text, token, over);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(over);
        using var link = _tools.Dialer.Dial(address, token);
        var changed = UntilChangedAsync(text, end.Token);
        List<Task> all = [changed];
        if (definition.Endpoint is null) all.AddRange([_room.WatchAsync(end.Token), _room.PumpAsync(end.Token)]);
        all.Add(new ExtensionService(_tools, _room, link, () => Volatile.Read(ref _held).HasRequests, () => Volatile.Read(ref _changed).Task).RunAsync(end.Token));
        // The first that ends says why.
        var first = await Task.WhenAny(all);
        try
        {
            await first;
            if (first == changed && definition.Endpoint is null) await _room.EndAsync(over, link, ExtensionState.Starting);
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(all).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Returns once something else is wanted than was begun.</summary>
    private async Task UntilChangedAsync(string? text, CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = Volatile.Read(ref _changed).Task;
            if (Volatile.Read(ref _held).Definition != text) return;
            await changed.WaitAsync(cancellationToken);
        }
    }

    private async Task FailAsync(Exception e, int failures, CancellationToken over)
    {
        var reason = Words(e);
        if (failures == 1) Log.Failed(_tools.Logger, _room.Name, reason, e.GetType().FullName ?? "");
        try
        {
            // What does not keep to the rules, and what has ended or does not answer, is replaced; where only the way broke the container is found again as it is.
            if (e is ExtensionProtocolException or ExtensionEndedException or ContainerRefusedException) await _room.KillAsync(reason, over);
            else await _tools.Board.StateAsync(_room.Hold, ExtensionState.Failing, reason, null, over);
            var pause = TimeSpan.FromSeconds(0.25 * Math.Pow(2, Math.Min(failures - 1, 10)));
            using var paused = CancellationTokenSource.CreateLinkedTokenSource(over);
            paused.CancelAfter((pause < s_longest ? pause : s_longest) * (0.75 + (Random.Shared.NextDouble() / 4)));
            // Over sooner where something else is wanted.
            await UntilChangedAsync(Volatile.Read(ref _held).Definition, paused.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception other) when (other is not ExtensionLostException && !over.IsCancellationRequested)
        {
            // The database or the back end is away too: the next try says so, or the lease runs out.
            await Task.Delay(Backoff.Pause(failures), over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception)
        {
            // lost, or over: the loop above sees it
            if (!over.IsCancellationRequested) await _over.CancelAsync();
        }
    }

    /// <summary>What went wrong, without a word of the extension's own: it may quote a secret.</summary>
    private static string Words(Exception e) => e switch
    {
        ExtensionProtocolException or ExtensionUnavailableException or ExtensionEndedException or ExtensionSetupException or ContainerRefusedException or StoreUnavailableException
            or SchedulerUnavailableException => e.Message,
        _ => $"The worker failed: {e.GetType().Name}.",
    };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The extension {Extension} fails and is tried again: {Reason} ({Exception})")]
        public static partial void Failed(ILogger logger, string extension, string reason, string exception);
    }
}
