using System.Net;
using System.Net.Sockets;
using Gofer.Domain.Common;

namespace Gofer.Infrastructure.Outbound;

/// <summary>
/// Connects to hosts that users name, and to none that the server reaches and its users do not: the addresses that a name leads to are judged, and the judged ones
/// connected to, so a name that leads elsewhere a moment later changes nothing; one private address among several refuses all.
/// </summary>
internal sealed class OutboundConnect(AllowedHosts allowed, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
{
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve = resolve ?? Dns.GetHostAddressesAsync;

    /// <summary>A connection, for a handler that asks for one.</summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var host = context.DnsEndPoint.Host.Trim('[', ']');
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await _resolve(host, cancellationToken);
        if (addresses.Length == 0) throw new SocketException((int)SocketError.HostNotFound);
        if (!addresses.All(a => PublicAddresses.IsPublic(a) || allowed.Allow(host, a)))
        {
            // Where it leads is not said: who may not call it need not know what there is.
            throw new OutboundException($"{Shown.Of(host)} is not in the public internet, and only what the operator allows (outbound.allow) is called elsewhere.", isRefused: true);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
