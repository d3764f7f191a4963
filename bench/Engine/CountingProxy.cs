using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Gofer.Bench.Engine;

/// <summary>
/// A door to Postgres that counts the statements which one process sends through it: each Execute and each simple Query of the protocol,
/// begin, commit and settings among them. Nobody else's are in the count, which the server's own statistics could not tell apart.
/// </summary>
internal sealed class CountingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly NpgsqlConnectionStringBuilder _target;
    private readonly Task _accepting;
    private long _statements;

    public CountingProxy(string connectionString)
    {
        _target = new NpgsqlConnectionStringBuilder(connectionString);
        _listener.Start();
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Host = "127.0.0.1",
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
            SslMode = SslMode.Disable,
            GssEncryptionMode = GssEncryptionMode.Disable,
        }.ConnectionString;
        _accepting = AcceptAsync();
    }

    /// <summary>The address that leads through here.</summary>
    public string ConnectionString { get; }

    /// <summary>Statements so far.</summary>
    public long Statements => Volatile.Read(ref _statements);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(ServeAsync(await _listener.AcceptSocketAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var _ = client;
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(_target.Host!, _target.Port, _stop.Token);
            await Task.WhenAny(CopyAsync(client, server, new StatementCounter()), CopyAsync(server, client, null));
        }
        catch (SocketException)
        {
            // either side left
        }
    }

    private async Task CopyAsync(Socket from, Socket to, StatementCounter? counter)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is var read and > 0)
            {
                if (counter is not null) Interlocked.Add(ref _statements, counter.Count(buffer.AsSpan(0, read)));
                for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // either side left
        }
    }

    /// <summary>Walks over what a client sends: a first message without a type, then type, length, body.</summary>
    private sealed class StatementCounter
    {
        private readonly byte[] _head = new byte[5];
        private int _have = 1; // the first message has no type
        private long _skip;

        public int Count(ReadOnlySpan<byte> bytes)
        {
            var statements = 0;
            while (bytes.Length > 0)
            {
                if (_skip > 0)
                {
                    var skipped = (int)Math.Min(_skip, bytes.Length);
                    _skip -= skipped;
                    bytes = bytes[skipped..];
                    continue;
                }

                _head[_have++] = bytes[0];
                bytes = bytes[1..];
                if (_have < _head.Length) continue;
                if (_head[0] is (byte)'E' or (byte)'Q') statements++;
                _skip = BinaryPrimitives.ReadInt32BigEndian(_head.AsSpan(1)) - 4;
                _have = 0;
            }

            return statements;
        }
    }
}
