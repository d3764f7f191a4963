using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Gofer.Application.Access;
using Gofer.Domain.Common;
using Microsoft.Extensions.Options;

namespace Gofer.Api.Access;

/// <summary>
/// How many requests a second this process takes of one token, for one namespace, and from one address that shows no good token; of the first two,
/// twice as many at once after a pause. Who is refused is told when to come again. What has been idle for some seconds takes no memory.
/// </summary>
internal sealed class RateLimits : IDisposable
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly ApiOptions _options;
    private readonly PartitionedRateLimiter<string>? _callers;
    private readonly PartitionedRateLimiter<string>? _namespaces;
    private readonly PartitionedRateLimiter<string>? _strangers;

    public RateLimits(IOptions<ApiOptions> options)
    {
        _options = options.Value;
        (_callers, _namespaces) = (Of(_options.TokenRate, Bucket), Of(_options.NamespaceRate, Bucket));
        _strangers = Of(_options.StrangerRate, Window);
    }

    /// <summary>Counts a request of a caller; the refusal where it sends too many. Who is asked for nothing is not counted.</summary>
    public Error? OfCaller(Caller caller) => caller.Id is { } id && Take(_callers, id) is { } wait ? Refusal(_options.TokenRate, "come with this token", wait) : null;

    /// <summary>Counts a request for a namespace of a caller who may send it; the refusal where there are too many of all callers.</summary>
    public Error? OfNamespace(Caller caller, string @namespace) =>
        caller.Id is not null && Take(_namespaces, @namespace) is { } wait ? Refusal(_options.NamespaceRate, $"come for the namespace {Shown.Quoted(@namespace)}", wait) : null;

    /// <summary>The refusal for an address from which too many came that were not let in.</summary>
    public Error? OfStranger(IPAddress? address) =>
        Take(_strangers, Neighbourhood(address), permits: 0) is { } wait ? Refusal(_options.StrangerRate, "come from your address without a good token", wait) : null;

    /// <summary>Counts a request that was not let in.</summary>
    public void NoteStranger(IPAddress? address) => Take(_strangers, Neighbourhood(address));

    public void Dispose()
    {
        _callers?.Dispose();
        _namespaces?.Dispose();
        _strangers?.Dispose();
    }

    /// <summary>The address, or the network of one of IPv6: whoever has one of its 2^64 addresses has the others too.</summary>
    internal static string Neighbourhood(IPAddress? address) => address switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } => Convert.ToHexString(address.GetAddressBytes(), 0, 8),
        _ => address.ToString(),
    };

    private static PartitionedRateLimiter<string>? Of(int rate, Func<string, int, RateLimitPartition<string>> partition) =>
        rate == 0 ? null : PartitionedRateLimiter.Create<string, string>(key => partition(key, rate), StringComparer.Ordinal);

    private static RateLimitPartition<string> Bucket(string key, int rate) => RateLimitPartition.GetTokenBucketLimiter(
        key, _ => new TokenBucketRateLimiterOptions { TokensPerPeriod = rate, ReplenishmentPeriod = s_second, TokenLimit = 2 * rate });

    /// <summary>A window and no bucket, since that it is empty must be told without taking of it, and a bucket with a fraction of a token is not empty.</summary>
    private static RateLimitPartition<string> Window(string key, int rate) => RateLimitPartition.GetFixedWindowLimiter(
        key, _ => new FixedWindowRateLimiterOptions { PermitLimit = rate, Window = s_second });

    /// <summary>Null where there was room, else how long to wait for some.</summary>
    private static TimeSpan? Take(PartitionedRateLimiter<string>? limiter, string key, int permits = 1)
    {
        if (limiter is null) return null;
        using var lease = limiter.AttemptAcquire(key, permits);
        return lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : s_second;
    }

    private static Error Refusal(int rate, string what, TimeSpan wait) => new(
        ErrorKind.Limited, ErrorCodes.RateLimited,
        string.Create(CultureInfo.InvariantCulture, $"More than {rate} requests a second {what}. Nothing was done; try again in {Math.Ceiling(wait.TotalSeconds)} s."))
    {
        RetryAfter = wait,
    };
}
