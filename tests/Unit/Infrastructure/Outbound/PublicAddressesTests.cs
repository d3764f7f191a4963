using System.Buffers.Binary;
using System.Net;
using CsCheck;
using Gofer.Infrastructure.Outbound;

namespace Gofer.Tests.Unit.Infrastructure.Outbound;

public sealed class PublicAddressesTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("10.0.0.1")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.64.0.1")]
    [InlineData("100.127.255.255")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("192.0.0.170")]
    [InlineData("192.0.2.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.19.255.255")]
    [InlineData("198.51.100.7")]
    [InlineData("203.0.113.7")]
    [InlineData("192.88.99.1")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::8.8.8.8")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::ffff:0:8.8.8.8")]
    [InlineData("64:ff9b::10.0.0.1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b:1::8.8.8.8")]
    [InlineData("100::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%2")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    [InlineData("2001::1")]
    [InlineData("2001:0:a00:1::1")]
    [InlineData("2001:2::1")]
    [InlineData("2001:10::1")]
    [InlineData("2001:db8::1")]
    [InlineData("3fff::1")]
    [InlineData("2002:7f00:1::1")]
    [InlineData("2002:808:808::1")]
    [InlineData("4000::1")]
    public void What_leads_to_this_machine_its_network_or_nowhere_is_not_public(string address) => Assert.False(PublicAddresses.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("1.1.1.1")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("126.255.255.255")]
    [InlineData("128.0.0.0")]
    [InlineData("169.253.255.255")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.167.255.255")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::8.8.8.8")]
    [InlineData("2001:200::1")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001:827::200e")]
    public void What_the_internet_reaches_is_public(string address) => Assert.True(PublicAddresses.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public void An_IPv4_address_is_judged_the_same_in_every_dress() => Gen.UInt.Sample(number =>
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        var plain = new IPAddress(bytes);
        var isPublic = PublicAddresses.IsPublic(plain);
        Assert.Equal(isPublic, PublicAddresses.IsPublic(plain.MapToIPv6()));
        Assert.Equal(isPublic, PublicAddresses.IsPublic(new IPAddress([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, .. bytes])));
        // The tunnels are closed, wherever they lead.
        Assert.False(PublicAddresses.IsPublic(new IPAddress([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. bytes])));
        Assert.False(PublicAddresses.IsPublic(new IPAddress([0x20, 0x02, .. bytes, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])));
        Assert.False(PublicAddresses.IsPublic(new IPAddress([0x20, 0x01, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, .. bytes.Select(b => (byte)~b)])));
    });

    [Fact]
    public void Nothing_private_by_its_first_bits_is_public() => Gen.UInt.Sample(number =>
    {
        var (a, b) = ((byte)(number >> 24), (byte)(number >> 16));
        if (a is 0 or 10 or 127 or >= 224 || (a, b) is (100, >= 64 and < 128) or (169, 254) or (172, >= 16 and < 32) or (192, 168) or (198, 18 or 19))
        {
            Assert.False(PublicAddresses.IsPublic(new IPAddress([a, b, (byte)(number >> 8), (byte)number])));
        }
    });

    [Fact]
    public void No_IPv6_address_beyond_those_given_out_is_public() => Gen.Byte.Array[16].Sample(bytes =>
    {
        var address = new IPAddress(bytes);
        if (bytes[0] >> 5 != 1 && !address.IsIPv4MappedToIPv6) Assert.False(PublicAddresses.IsPublic(address));
    });
}
