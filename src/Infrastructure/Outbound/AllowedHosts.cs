using System.Net;
using Gofer.Domain.Common;

namespace Gofer.Infrastructure.Outbound;

/// <summary>What may be called though it is not in the public internet: hosts by name, wherever the name leads, and networks.</summary>
public sealed class AllowedHosts
{
    private readonly HashSet<string> _names;
    private readonly IReadOnlyList<IPNetwork> _networks;

    private AllowedHosts(HashSet<string> names, IReadOnlyList<IPNetwork> networks) => (_names, _networks) = (names, networks);

    /// <summary>Nothing.</summary>
    public static AllowedHosts None { get; } = new([], []);

    /// <summary>Reads <c>hooks.internal, 10.20.0.0/16, 192.168.1.7</c>; the error is to be said after the name of what holds the text.</summary>
    public static Result<AllowedHosts> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (names, networks) = (new HashSet<string>(StringComparer.OrdinalIgnoreCase), new List<IPNetwork>());
        foreach (var item in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (item.Contains('/', StringComparison.Ordinal))
            {
                if (!IPNetwork.TryParse(item, out var network)) return Wrong(item, "is no network such as 10.0.0.0/8");
                networks.Add(network);
            }
            else if (Uri.CheckHostName(item) is UriHostNameType.IPv4 or UriHostNameType.IPv6)
            {
                var address = IPAddress.Parse(item);
                networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            }
            else if (Uri.CheckHostName(item) == UriHostNameType.Dns)
            {
                names.Add(item.TrimEnd('.'));
            }
            else
            {
                return Wrong(item, "is no name of a host, no address and no network");
            }
        }

        return new AllowedHosts(names, networks);
    }

    /// <summary>Whether a host of that name may be called at that address.</summary>
    public bool Allow(string host, IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(address);
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return _names.Contains(host.TrimEnd('.')) || _networks.Any(n => n.Contains(plain));
    }

    private static Error Wrong(string item, string what) => Error.Invalid("", $"has {Shown.Quoted(item)}, which {what}.");
}
