using System.Net.Sockets;
using System.Security.Authentication;
using Gofer.Application.Common;
using Gofer.Infrastructure.Outbound;
using Gofer.Store.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Gofer.Infrastructure.Stores;

/// <summary>
/// The way to a store that somebody else wrote. What it answers is believed only where it can be so, and what it says of an error is dropped: a
/// store that quotes a request in it would bring a value into logs. Nothing here logs, and no exception holds one of gRPC's.
/// </summary>
internal sealed class StoreChannel : IDisposable
{
    private readonly StoreOptions _options;
    private readonly Metadata _headers = [];
    private readonly GrpcChannel _channel;

    public StoreChannel(StoreOptions options)
    {
        _options = options;
        if (options.Token is { } token) _headers.Add("authorization", $"Bearer {token}");
        _channel = GrpcChannels.Open(options.Address);
        Secrets = new SecretStore.SecretStoreClient(_channel);
        Objects = new ObjectStore.ObjectStoreClient(_channel);
    }

    public SecretStore.SecretStoreClient Secrets { get; }

    public ObjectStore.ObjectStoreClient Objects { get; }

    public Uri Address => _options.Address;

    public void Dispose() => _channel.Dispose();

    /// <summary>
    /// The answer of a call that is not streamed, or null where the store says that there is no such thing; where it says that it is there and lost,
    /// <paramref name="lost"/> is thrown.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Whatever else it says, and that it says nothing.</exception>
    public async Task<T?> AskAsync<T>(
        string call, Func<CallOptions, AsyncUnaryCall<T>> send, CancellationToken cancellationToken, Func<Exception>? lost = null)
        where T : class
    {
        var deadline = (TimeProvider.System.GetUtcNow() + _options.CallPatience).UtcDateTime;
        try
        {
            using var sent = send(new CallOptions(_headers, deadline, cancellationToken));
            return await sent.ResponseAsync;
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw e.StatusCode is StatusCode.DataLoss && lost is not null ? lost() : Failed(call, e);
        }
    }

    /// <summary>Begins a streamed call.</summary>
    public StoreCall Begin(string call) => new(this, call, _headers, _options.StepPatience);

    /// <summary>A call failed.</summary>
    public StoreUnavailableException Failed(string call, Exception e, bool late = false)
    {
        var status = (e as RpcException)?.Status;
        // Why there is no connection is known on this side.
        var local = status?.DebugException?.GetBaseException() is SocketException or AuthenticationException ? $" ({status.Value.DebugException!.GetBaseException().Message})" : "";
        return new StoreUnavailableException($"The store at {Address} " + (late ? StatusCode.DeadlineExceeded : status?.StatusCode) switch
        {
            StatusCode.Unavailable => $"is away or not ready for {call}{local}",
            StatusCode.DeadlineExceeded => $"did not answer {call} in time",
            StatusCode.Unauthenticated or StatusCode.PermissionDenied => $"refuses the token for {call} ({status!.Value.StatusCode}): is store.token right, and may it do that?",
            StatusCode.Unimplemented => $"knows no {call}: is it a store, and of that kind?",
            StatusCode.ResourceExhausted => $"has no room for {call}, or answered more than {GrpcChannels.LargestMessage} bytes at once (ResourceExhausted)",
            StatusCode.OK or null => $"broke off {call}",
            { } code => $"answered {call} with {code}{local}; its own log may say why",
        });
    }

    /// <summary>A store answered what no store may answer.</summary>
    public StoreUnavailableException Wrong(string call, string what) => new($"The store at {Address} answers {call} wrongly: {what}. It does not keep to proto/gofer/store/v1.");
}
