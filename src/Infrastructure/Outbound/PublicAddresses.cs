using System.Net;
using System.Net.Sockets;

namespace Gofer.Infrastructure.Outbound;

/// <summary>
/// Which addresses are of the public internet, by the registries of special-purpose addresses (IANA, RFC 6890). The others lead to this machine, its
/// network, the metadata of a cloud, or nowhere.
/// </summary>
public static class PublicAddresses
{
    private static readonly IPNetwork[] s_special4 = Networks(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4");

    /// <summary>All that was ever given out for unicast. Loopback, link-local, unique-local, multicast and IPv4-compatible addresses are outside of it.</summary>
    private static readonly IPNetwork s_unicast6 = IPNetwork.Parse("2000::/3");

    /// <summary>Of that: protocol assignments with Teredo and benchmarks, documentation, 6to4. The tunnels lead to an IPv4 address, and nobody needs them any more.</summary>
    private static readonly IPNetwork[] s_special6 = Networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

    /// <summary>NAT64 (RFC 6052): how a network that has IPv6 alone reaches an IPv4 address, which stands in the last four bytes.</summary>
    private static readonly IPNetwork s_translated = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>Whether the address is public, or stands for an IPv4 address that is.</summary>
    public static bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (s_translated.Contains(address)) address = new IPAddress(address.GetAddressBytes().AsSpan(12));
        return address.AddressFamily == AddressFamily.InterNetwork
            ? !s_special4.Any(n => n.Contains(address))
            : s_unicast6.Contains(address) && !s_special6.Any(n => n.Contains(address));
    }

    private static IPNetwork[] Networks(params string[] texts) => [.. texts.Select(t => IPNetwork.Parse(t))];
}
