using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Gofer.Infrastructure.Postgres.Embedded;

/// <summary>The port of a folder's Postgres: chosen once and kept, so that addresses which people noted stay true.</summary>
internal static class LoopbackPort
{
    private const string File = "postgres.port";

    /// <summary>The kept port, or a new one where there is none yet or somebody else holds it.</summary>
    public static int Choose(DataFolder folder)
    {
        if (int.TryParse(folder.Read(File), CultureInfo.InvariantCulture, out var kept) && IsFree(kept))
        {
            return kept;
        }

        // Below the range from which systems take ports for outgoing connections: a kept port is then rarely in the way.
        int port;
        do
        {
            port = RandomNumberGenerator.GetInt32(20_000, 32_000);
        }
        while (!IsFree(port));

        Keep(folder, port);
        return port;
    }

    public static void Keep(DataFolder folder, int port)
    {
        var text = port.ToString(CultureInfo.InvariantCulture);
        if (folder.Read(File) != text)
        {
            folder.Write(File, text);
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
