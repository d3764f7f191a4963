using System.Net.Sockets;
using System.Security.Cryptography;
using Gofer.Application.Extensions;
using Gofer.Domain.Extensions;
using Gofer.Extensions.V1;
using Gofer.Infrastructure.Outbound;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Gofer.Infrastructure.Extensions;

/// <summary>
/// The way to an extension. No answer leaves it before the extension proved that it knows the token, and before <see cref="ExtensionRules"/> judged it.
/// What an extension says of an error is dropped: it may quote a parameter that is a secret. Nothing here logs, and no exception holds one of gRPC's.
/// </summary>
/// <param name="address">Where it listens, such as <c>http://127.0.0.1:7777</c>.</param>
/// <param name="token">What both sides know.</param>
internal sealed class ExtensionChannel(Uri address, string token) : IDisposable
{
    private readonly GrpcChannel _channel = GrpcChannels.Open(address);

    /// <summary>Where it listens.</summary>
    public Uri Address => address;

    /// <summary>How long a call may take that is not a Watch, and how long a step of a Watch that is not an event.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    private Gofer.Extensions.V1.Extension.ExtensionClient Client => new(_channel);

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    /// <summary>What the extension is.</summary>
    /// <exception cref="ExtensionUnavailableException">It does not answer. So it is with each call.</exception>
    /// <exception cref="ExtensionProtocolException">It answers what none may. So it is with each call.</exception>
    public async Task<DescribeResponse> DescribeAsync(CancellationToken cancellationToken)
    {
        var said = await AskAsync("Describe", o => Client.DescribeAsync(new DescribeRequest(), o), cancellationToken);
        ExtensionRules.Check(said);
        return said;
    }

    /// <summary>What is wrong with the parameters of a subscription.</summary>
    public async Task<IReadOnlyList<Problem>> ValidateAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        var said = await AskAsync("Validate", o => Client.ValidateAsync(new ValidateRequest { Subscription = subscription }, o), cancellationToken);
        ExtensionRules.Check("validate", said.Problems);
        return said.Problems;
    }

    /// <summary>Subscribes; where anything is wrong with it, it is answered, and nothing is subscribed.</summary>
    public async Task<IReadOnlyList<Problem>> SubscribeAsync(SubscribeRequest request, CancellationToken cancellationToken)
    {
        var said = await AskAsync("Subscribe", o => Client.SubscribeAsync(request, o), cancellationToken);
        ExtensionRules.Check("subscribe", said.Problems);
        return said.Problems;
    }

    /// <summary>Ends a subscription.</summary>
    public Task UnsubscribeAsync(string subscriptionId, CancellationToken cancellationToken) =>
        AskAsync("Unsubscribe", o => Client.UnsubscribeAsync(new UnsubscribeRequest { SubscriptionId = subscriptionId }, o), cancellationToken);

    /// <summary>Hands over what somebody sent to the extension's URL.</summary>
    public Task HandleExternalEventAsync(HandleExternalEventRequest request, CancellationToken cancellationToken) =>
        AskAsync("HandleExternalEvent", o => Client.HandleExternalEventAsync(request, o), cancellationToken);

    /// <summary>Asks it to end itself.</summary>
    public Task ShutdownAsync(CancellationToken cancellationToken) => AskAsync("Shutdown", o => Client.ShutdownAsync(new ShutdownRequest(), o), cancellationToken);

    /// <summary>Whether it says that it serves. Of this alone no proof is asked: it decides nothing but whether the extension is started anew.</summary>
    public async Task<bool> HealthAsync(CancellationToken cancellationToken)
    {
        var health = new Health.HealthClient(_channel);
        var said = await AskAsync("Health/Check", o => health.CheckAsync(new HealthCheckRequest(), o), cancellationToken, proven: false);
        return said.Status is HealthCheckResponse.Types.ServingStatus.Serving;
    }

    /// <summary>Begins the stream of events, of which at most <paramref name="window"/> come before one is acknowledged; it lasts until its owner disposes it.</summary>
    public async Task<ExtensionWatch> WatchAsync(int window, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        var (headers, nonce) = Headers();
        var watch = new ExtensionWatch(this, window, end => Client.Watch(new CallOptions(headers, cancellationToken: end)));
        try
        {
            var answered = await watch.BeginAsync(cancellationToken);
            // A refusal has no proof, and no message: its status says more.
            if (ProofOf(answered) is null) await watch.RefusedAsync(cancellationToken);
            Prove(nonce, answered);
            return watch;
        }
        catch
        {
            watch.Dispose();
            throw;
        }
    }

    /// <summary>A call failed.</summary>
    internal Exception Failed(string call, Exception e, bool late = false)
    {
        var status = (e as RpcException)?.Status;
        // The client's own words for what it refused to read. An extension that sends the same words says the same of itself.
        if (status is { StatusCode: StatusCode.ResourceExhausted } large && large.Detail.StartsWith("Received message exceeds", StringComparison.Ordinal))
        {
            return new ExtensionProtocolException("size", $"a message of {call} is larger than {GrpcChannels.LargestMessage} bytes.");
        }

        if (status is { StatusCode: StatusCode.Unimplemented } packed && packed.Detail.StartsWith("Unsupported grpc-encoding", StringComparison.Ordinal))
        {
            return new ExtensionProtocolException("size", $"a message of {call} is compressed.");
        }

        // Why there is no connection is known on this side.
        var local = status?.DebugException?.GetBaseException() is SocketException socket ? $" ({socket.Message})" : "";
        return new ExtensionUnavailableException($"The extension at {address} " + (late ? StatusCode.DeadlineExceeded : status?.StatusCode) switch
        {
            StatusCode.Unavailable => $"is away or not ready for {call}{local}",
            StatusCode.DeadlineExceeded => $"did not answer {call} in time",
            StatusCode.Unauthenticated or StatusCode.PermissionDenied => $"refuses the token for {call} ({status!.Value.StatusCode}): does it know another one?",
            StatusCode.Unimplemented => $"knows no {call}: is it an extension?",
            StatusCode.OK or null => $"broke off {call}",
            { } code => $"answered {call} with {code}{local}; its own log may say why",
        });
    }

    private async Task<T> AskAsync<T>(string call, Func<CallOptions, AsyncUnaryCall<T>> send, CancellationToken cancellationToken, bool proven = true)
        where T : class
    {
        var deadline = (TimeProvider.System.GetUtcNow() + Patience).UtcDateTime;
        var (headers, nonce) = Headers();
        try
        {
            using var sent = send(new CallOptions(headers, deadline, cancellationToken));
            var said = await sent.ResponseAsync;
            if (proven) Prove(nonce, await sent.ResponseHeadersAsync);
            return said;
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Failed(call, e);
        }
    }

    private (Metadata Headers, string Nonce) Headers()
    {
        // Never twice: a proof that was overheard proves nothing later.
        var nonce = RandomNumberGenerator.GetHexString(32, lowercase: true);
        return (new Metadata
        {
            { ExtensionCredentials.CallerHeader, $"Bearer {ExtensionCredentials.Caller(token)}" },
            { ExtensionCredentials.NonceHeader, nonce },
        }, nonce);
    }

    private void Prove(string nonce, Metadata answered)
    {
        var proof = ProofOf(answered);
        if (!ExtensionCredentials.IsProof(token, nonce, proof))
        {
            throw new ExtensionProtocolException("proof", proof is null
                ? "its answer has no gofer-proof in its initial metadata."
                : "the gofer-proof of its answer is another one: somebody else may listen in its place, or it knows another token.");
        }
    }

    private static string? ProofOf(Metadata answered) => answered.FirstOrDefault(h => h.Key == ExtensionCredentials.ProofHeader && !h.IsBinary)?.Value;
}
