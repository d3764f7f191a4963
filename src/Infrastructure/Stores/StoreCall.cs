using Gofer.Application.Common;
using Grpc.Core;

namespace Gofer.Infrastructure.Stores;

/// <summary>
/// A streamed call. It may last for hours, so there is no time for all of it: each step of the store's has so long, and what lies between two
/// steps is the time of whoever sends or reads. The call of gRPC itself is its owner's, and is disposed before this.
/// </summary>
internal sealed class StoreCall(StoreChannel channel, string name, Metadata headers, TimeSpan patience) : IDisposable
{
    private readonly CancellationTokenSource _end = new();

    /// <summary>To begin it with.</summary>
    public CallOptions Options => new(headers, cancellationToken: _end.Token);

    /// <summary>Waits for a step; whoever cancels that ends the call.</summary>
    /// <exception cref="StoreUnavailableException">The call ended with an error, or the step took too long.</exception>
    public async Task<T> StepAsync<T>(Func<Task<T>> step, CancellationToken cancellationToken)
    {
        using var ended = cancellationToken.UnsafeRegister(static end => ((CancellationTokenSource)end!).Cancel(), _end);
        _end.CancelAfter(patience);
        try
        {
            return await step();
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw channel.Failed(name, e, late: _end.IsCancellationRequested);
        }
        finally
        {
            _end.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>The store answered what no store may answer.</summary>
    public StoreUnavailableException Wrong(string what) => channel.Wrong(name, what);

    public void Dispose() => _end.Dispose();
}
