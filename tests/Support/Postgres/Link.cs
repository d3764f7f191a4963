using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Gofer.Tests.Support.Postgres;

/// <summary>One connection through the <see cref="SpoilingProxy"/>: a client's socket and the database's, and what is being done to them.</summary>
public sealed class Link(Socket client, Socket server, SpoilingProxy proxy) : IDisposable
{
    private const int StartupVersion = 196608;

    // Never disposed of: a fault may look at a connection that ended just then.
    private readonly CancellationTokenSource _over = new();
    private int _cut;
    private int _ended;

    /// <summary>The client's <c>application_name</c>: which of our processes this is. Empty until it introduced itself.</summary>
    public string Name { get; private set; } = "";

    /// <summary>While set nothing is forwarded and neither end hears of it.</summary>
    public bool Halted { get; set; }

    /// <summary>Forwards both ways until an end closes or a fault ends it.</summary>
    public async Task RunAsync()
    {
        try
        {
            await Task.WhenAny(PumpAsync(client, server, upwards: true), PumpAsync(server, client, upwards: false));
        }
        finally
        {
            Abort();
        }
    }

    /// <summary>Ends the connection in the middle of the next message, or at once where none comes.</summary>
    public async Task CutAsync()
    {
        Volatile.Write(ref _cut, 1);
        await Task.Delay(150, _over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Abort();
    }

    /// <summary>Resets both ends.</summary>
    public void Abort()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 1) return;
        _over.Cancel();
        foreach (var end in new[] { client, server })
        {
            end.LingerState = new LingerOption(true, 0);
            end.Close();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Abort();

    private async Task PumpAsync(Socket from, Socket to, bool upwards)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            int read;
            while ((read = await from.ReceiveAsync(buffer, _over.Token)) > 0)
            {
                if (upwards)
                {
                    if (Name.Length == 0) Name = Introduced(buffer.AsSpan(0, read));
                    if (proxy.Swallows(this, buffer.AsSpan(0, read))) Halted = true;
                }

                if (proxy.Delay > TimeSpan.Zero) await Task.Delay(proxy.Delay, _over.Token);
                while (Halted) await Task.Delay(20, _over.Token);
                if (Volatile.Read(ref _cut) == 1)
                {
                    await to.SendAsync(buffer.AsMemory(0, read / 2), _over.Token);
                    return;
                }

                await to.SendAsync(buffer.AsMemory(0, read), _over.Token);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // an end closed, or a fault ended the connection
        }
    }

    /// <summary>The application name of a startup message; a dash where the first bytes are something else, such as a cancel request.</summary>
    private static string Introduced(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8 || BinaryPrimitives.ReadInt32BigEndian(bytes[4..]) != StartupVersion) return "-";
        var words = Encoding.UTF8.GetString(bytes[8..]).Split('\0');
        var name = Array.IndexOf(words, "application_name");
        return name >= 0 && name + 1 < words.Length ? words[name + 1] : "-";
    }
}
