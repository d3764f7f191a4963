using System.Net;
using Gofer.Infrastructure.Outbound;

namespace Gofer.Tests.Unit.Infrastructure.Outbound;

public sealed class AllowedHostsTests
{
    [Theory]
    [InlineData("hooks.internal", "10.9.9.9", true)]
    [InlineData("HOOKS.Internal.", "10.9.9.9", true)]
    [InlineData("evil.hooks.internal", "10.9.9.9", false)]
    [InlineData("other", "10.20.3.4", true)]
    [InlineData("other", "::ffff:10.20.3.4", true)]
    [InlineData("other", "10.21.0.1", false)]
    [InlineData("other", "192.168.1.7", true)]
    [InlineData("other", "192.168.1.8", false)]
    [InlineData("other", "fd12::1", true)]
    [InlineData("other", "fd13::1", false)]
    public void A_name_is_allowed_wherever_it_leads_and_a_network_whoever_is_in_it(string host, string address, bool isAllowed) =>
        Assert.Equal(isAllowed, AllowedHosts.Parse("hooks.internal, 10.20.0.0/16,192.168.1.7, fd12::/16").Value.Allow(host, IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0/x", "no network such as 10.0.0.0/8")]
    [InlineData("10.0.0.0/33", "no network such as 10.0.0.0/8")]
    [InlineData("ok.internal, a b", "no name of a host")]
    [InlineData("http://hooks.internal", "no network")]
    public void What_is_neither_stops_the_start(string text, string said) => Assert.Contains(said, AllowedHosts.Parse(text).Error!.Message, StringComparison.Ordinal);

    [Fact]
    public void Nothing_is_allowed_where_nothing_is_said() => Assert.False(AllowedHosts.Parse("").Value.Allow("localhost", IPAddress.Loopback));
}
