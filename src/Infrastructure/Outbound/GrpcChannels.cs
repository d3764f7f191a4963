using Grpc.Net.Client;

namespace Gofer.Infrastructure.Outbound;

/// <summary>Ways to gRPC services that somebody else wrote: a store, an extension, a shared task. One way knows one address and follows nobody anywhere else.</summary>
internal static class GrpcChannels
{
    /// <summary>The largest message in either direction, in bytes.</summary>
    public const int LargestMessage = 4 << 20;

    /// <summary>
    /// HTTP/2, with TLS or without as the address says; connects when it is first needed, by <paramref name="connect"/> where the address is one that users named.
    /// </summary>
    public static GrpcChannel Open(Uri address, OutboundConnect? connect = null)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            EnableMultipleHttp2Connections = true,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            // A peer that went without a word would hold up every call until TCP gives it up, a quarter of an hour later.
            KeepAlivePingDelay = TimeSpan.FromSeconds(60),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };
        if (connect is not null) handler.ConnectCallback = connect.ConnectAsync;
        return GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            // Not the handler itself: the channel would go on failing without a try for up to two minutes after a service is back.
            HttpClient = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan },
            DisposeHttpClient = true,
            MaxReceiveMessageSize = LargestMessage,
            MaxSendMessageSize = LargestMessage,
            // What is small on the wire stays small: the limit is of what is received, not of what it unpacks to.
            CompressionProviders = [],
        });
    }
}
