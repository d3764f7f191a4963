using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gofer.Tests.Integration.Outbound;

/// <summary>A port of this machine that writes the same bytes to whoever sends a request, and closes only when the other end does.</summary>
public sealed class RawListener : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.IPv6Any, 0);
    private readonly CancellationTokenSource _over = new();
    private readonly StringBuilder _received = new();
    private readonly Task _accepting;
    private int _connections;

    /// <summary>Listens.</summary>
    public RawListener()
    {
        _listener.Server.DualMode = true;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>What is written.</summary>
    public string Answer { get; set; } = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    /// <summary>Its port, at every address.</summary>
    public int Port { get; }

    /// <summary>How many came.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>All that they sent.</summary>
    public string Received
    {
        get
        {
            lock (_received) return _received.ToString();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_over.IsCancellationRequested) return;
        await _over.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _over.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_over.Token);
                Interlocked.Increment(ref _connections);
                serving.Add(ServeAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            var (stream, buffer) = (client.GetStream(), new byte[16 * 1024]);
            try
            {
                for (int read; (read = await stream.ReadAsync(buffer, _over.Token)) > 0;)
                {
                    lock (_received) _received.Append(Encoding.ASCII.GetString(buffer, 0, read));
                    if (Encoding.ASCII.GetString(buffer, 0, read).EndsWith("\r\n\r\n", StringComparison.Ordinal)) await stream.WriteAsync(Encoding.ASCII.GetBytes(Answer), _over.Token);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // the other end has had enough, or the test is over
            }
        }
    }
}
