using System.Net;
using Gofer.Api;
using Gofer.Api.Access;
using Gofer.Application.Access;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Microsoft.Extensions.Options;

namespace Gofer.Tests.Unit.Api.Access;

public sealed class RateLimitsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void A_token_sends_twice_its_rate_at_once_and_is_then_told_when_to_come_again()
    {
        using var limits = Of(new ApiOptions { TokenRate = 3 });
        var refused = Until(() => limits.OfCaller(Holder("a")), most: 8);
        Assert.Equal((ErrorKind.Limited, ErrorCodes.RateLimited), (refused.Kind, refused.Code));
        Assert.Equal("More than 3 requests a second come with this token. Nothing was done; try again in 1 s.", refused.Message);
        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1));
        Assert.Null(limits.OfCaller(Holder("b")));
    }

    [Fact]
    public async Task Who_waits_as_told_is_let_in_again()
    {
        using var limits = Of(new ApiOptions { TokenRate = 1, StrangerRate = 1 });
        var refused = Until(() => limits.OfCaller(Holder("a")), most: 4);
        limits.NoteStranger(IPAddress.Loopback);
        Assert.NotNull(limits.OfStranger(IPAddress.Loopback));
        // The limiter's own clock is the system's; a moment more than told, for a timer that comes late.
        await Task.Delay(refused.RetryAfter!.Value + TimeSpan.FromMilliseconds(500), Ct);
        Assert.Null(limits.OfCaller(Holder("a")));
        Assert.Null(limits.OfStranger(IPAddress.Loopback));
    }

    [Fact]
    public void The_callers_of_a_namespace_share_its_rate_and_take_nothing_of_another()
    {
        using var limits = Of(new ApiOptions { NamespaceRate = 2 });
        var n = 0;
        Until(() => limits.OfNamespace(Holder($"{n++}"), "busy"), most: 6);
        Assert.Null(limits.OfNamespace(Holder("0"), "quiet"));
    }

    [Fact]
    public void What_is_let_in_is_not_counted_as_a_stranger_and_looking_takes_nothing()
    {
        using var limits = Of(new ApiOptions { StrangerRate = 2 });
        for (var i = 0; i < 100; i++) Assert.Null(limits.OfStranger(IPAddress.Loopback));
        for (var i = 0; i < 2; i++) limits.NoteStranger(IPAddress.Loopback);
        Assert.Equal(ErrorKind.Limited, limits.OfStranger(IPAddress.Loopback)?.Kind);
        Assert.Null(limits.OfStranger(IPAddress.Parse("10.0.0.1")));
    }

    [Fact]
    public void Zero_is_no_limit_and_who_is_asked_for_nothing_has_none()
    {
        using var none = Of(new ApiOptions { TokenRate = 0, NamespaceRate = 0, StrangerRate = 0 });
        using var low = Of(new ApiOptions { TokenRate = 1, NamespaceRate = 1 });
        for (var i = 0; i < 5000; i++)
        {
            none.NoteStranger(null);
            Assert.Null(none.OfCaller(Holder("a")) ?? none.OfNamespace(Holder("a"), "n") ?? none.OfStranger(null));
            Assert.Null(low.OfCaller(Caller.Anybody) ?? low.OfNamespace(Caller.Anybody, "n"));
        }
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.2", false)]
    [InlineData("10.0.0.1", "::ffff:10.0.0.1", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:0:1::1", "2001:db8:0:2::1", false)]
    public void A_network_of_IPv6_counts_as_one_address(string one, string other, bool same) =>
        Assert.Equal(same, RateLimits.Neighbourhood(IPAddress.Parse(one)) == RateLimits.Neighbourhood(IPAddress.Parse(other)));

    private static RateLimits Of(ApiOptions options) => new(Options.Create(options));

    private static Caller Holder(string id) => new(id, "name", Grants.Everything);

    /// <summary>The first refusal, which comes after the burst at the earliest and soon after it.</summary>
    private static Error Until(Func<Error?> ask, int most)
    {
        for (var asked = 1; ; asked++)
        {
            if (ask() is { } refused) return refused;
            Assert.True(asked < most, $"{asked} requests were let through.");
        }
    }
}
