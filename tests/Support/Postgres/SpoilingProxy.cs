using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Gofer.Tests.Support.Postgres;

/// <summary>
/// Stands between the processes of an install and Postgres, and spoils connections: delays, cuts in the middle of a message, connections
/// that stay open and carry nothing. Knows each connection's process by the <c>application_name</c> with which it introduces itself.
/// </summary>
public sealed class SpoilingProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Link, bool> _links = new();
    private readonly int _target;
    private (string Process, byte[] Statement, Action Hit)? _trap;

    /// <summary>In front of the server on that port of this machine.</summary>
    public SpoilingProxy(int target)
    {
        _target = target;
        _listener.Start(256);
        _ = AcceptAsync();
    }

    /// <summary>Where it listens, on loopback.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How long each piece is held back, in either direction.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>The connections that are there.</summary>
    public IReadOnlyList<Link> Links => [.. _links.Keys];

    /// <summary>Ends connections in the middle of a message; answers how many there were.</summary>
    public async Task<int> CutAsync(Func<Link, bool> which)
    {
        var links = Links.Where(which).ToList();
        await Task.WhenAll(links.Select(l => l.CutAsync()));
        return links.Count;
    }

    /// <summary>Lets connections carry nothing for a while, then resets them, as a firewall does that forgot them; answers how many there were.</summary>
    public async Task<int> HalfOpenAsync(Func<Link, bool> which, TimeSpan time, CancellationToken cancellationToken)
    {
        var links = Links.Where(which).ToList();
        foreach (var link in links) link.Halted = true;
        await Task.Delay(time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var link in links) link.Abort();
        return links.Count;
    }

    /// <summary>
    /// For a while each connection of the process on which the statement is sent goes half-open before it arrives, and all others work; then
    /// those connections are reset. Answers how many were caught.
    /// </summary>
    public async Task<int> TrapAsync(string process, byte[] statement, TimeSpan time, CancellationToken cancellationToken)
    {
        var caught = 0;
        _trap = (process, statement, () => Interlocked.Increment(ref caught));
        await Task.Delay(time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _trap = null;
        foreach (var link in Links.Where(l => l.Halted && l.Name == process)) link.Abort();
        return caught;
    }

    /// <summary>Whether this is what <see cref="TrapAsync"/> waits for.</summary>
    public bool Swallows(Link link, ReadOnlySpan<byte> bytes)
    {
        if (_trap is not { } trap || link.Halted || link.Name != trap.Process || bytes.IndexOf(trap.Statement) < 0) return false;
        trap.Hit();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        foreach (var link in Links) link.Abort();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _target);
        }
        catch (SocketException)
        {
            client.Close(); // the database is away, as a proxy tells it
            server.Dispose();
            return;
        }

        using var link = new Link(client, server, this);
        _links[link] = true;
        await link.RunAsync();
        _links.TryRemove(link, out _);
    }
}
