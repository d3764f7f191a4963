using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Gofer.Domain.Common;

namespace Gofer.Infrastructure.Outbound;

/// <summary>How long a call may take, and how much of an answer is read.</summary>
public sealed record OutboundLimits
{
    /// <summary>From the host's name to a connection.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the first step to the last byte that is read.</summary>
    public TimeSpan Total { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of a body that are read; the rest is left.</summary>
    public int Body { get; init; } = 1024 * 1024;

    /// <summary>Whether it is the status that counts: an answer whose body breaks off or takes too long is one all the same, cut there, and no error.</summary>
    public bool StatusSuffices { get; init; }
}

/// <summary>An answer: status and the first bytes of its body, <paramref name="IsCut"/> where there were more.</summary>
public sealed record OutboundAnswer(int Status, ReadOnlyMemory<byte> Body, bool IsCut)
{
    /// <summary>When the other end wants to be asked again, as it says.</summary>
    public RetryConditionHeaderValue? RetryAfter { get; init; }

    /// <summary>Where it points to, as it says: nothing goes there.</summary>
    public Uri? Location { get; init; }
}

/// <summary>
/// Calls addresses that users name, such as those of webhooks, and nothing that the server reaches and its users do not: see <see cref="OutboundConnect"/>. No
/// redirect is followed, no proxy asked, no cookie kept, no trace handed on. What operators configure (Vault, S3) has clients of its own. Safe to share.
/// </summary>
public sealed class OutboundHttp : IDisposable
{
    /// <summary>In KiB, as the handler wants it.</summary>
    private const int HeaderLimit = 32;

    private readonly OutboundLimits _limits;
    private readonly HttpMessageInvoker _http;

    /// <summary>A client that may call <paramref name="allowed"/> beside the public internet, and asks <paramref name="resolve"/> for addresses in place of DNS.</summary>
    public OutboundHttp(AllowedHosts allowed, OutboundLimits? limits = null, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        _limits = limits ?? new OutboundLimits();
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = new OutboundConnect(allowed, resolve).ConnectAsync,
            ConnectTimeout = _limits.Connect,
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            MaxResponseHeadersLength = HeaderLimit,
            MaxResponseDrainSize = 0,
            // Addresses hold secrets, and spans hold addresses.
            ActivityHeadersPropagator = null,
            // Who moves is found at the new address, and judged again.
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        });
    }

    /// <summary>Why such an address is never called, in a sentence without it; null where it is a matter of where its host leads.</summary>
    public static string? Complaint(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        return url is not { IsAbsoluteUri: true, Scheme: "http" or "https" } ? "The address must begin with http:// or https://."
            : url.UserInfo.Length > 0 ? "The address must not hold a user or a password: addresses are shown and logged on their way."
            : !Addresses.HasHost(url) ? "The address has a host that is no name of one."
            : null;
    }

    /// <summary>Sends the request and reads the answer, whatever its status. Throws <see cref="OutboundException"/>, and nothing else but for the caller's cancellation.</summary>
    public async Task<OutboundAnswer> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.RequestUri is not { } url) throw new ArgumentException("The request has no address.", nameof(request));
        if (Complaint(url) is { } complaint) throw new OutboundException(complaint, isRefused: true);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        over.CancelAfter(_limits.Total);
        try
        {
            using var response = await _http.SendAsync(request, over.Token);
            await using var body = await response.Content.ReadAsStreamAsync(over.Token);
            var (read, isCut) = await ReadAsync(body, over.Token);
            return new OutboundAnswer((int)response.StatusCode, read, isCut) { RetryAfter = response.Headers.RetryAfter, Location = response.Headers.Location };
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // What is inside may name the address, so it is not handed on.
            throw e.InnerException is OutboundException refused ? refused : new OutboundException($"{Shown.Of(url.IdnHost)} {Reason(e, over.IsCancellationRequested)}", isRefused: false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<(ReadOnlyMemory<byte> Read, bool IsCut)> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        var kept = new MemoryStream();
        var buffer = new byte[16 * 1024];
        var isCut = false;
        try
        {
            for (int read; !isCut && (read = await body.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                var room = _limits.Body - (int)kept.Length;
                kept.Write(buffer, 0, Math.Min(read, room));
                isCut = read > room;
            }
        }
        catch (Exception e) when (_limits.StatusSuffices && e is HttpRequestException or IOException or OperationCanceledException)
        {
            isCut = true;
        }

        return (kept.GetBuffer().AsMemory(0, (int)kept.Length), isCut);
    }

    private string Reason(Exception e, bool isOver) => e switch
    {
        _ when isOver => string.Create(CultureInfo.InvariantCulture, $"did not answer within {_limits.Total.TotalSeconds:0.#} s."),
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } or { InnerException: SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } } => "is no name that is known.",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "has no certificate that is trusted here, or speaks no TLS.",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError, InnerException: SocketException socket } => $"takes no connection: {socket.SocketErrorCode}.",
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => string.Create(CultureInfo.InvariantCulture, $"answers with more than {HeaderLimit} KiB of headers."),
        OperationCanceledException => string.Create(CultureInfo.InvariantCulture, $"took no connection within {_limits.Connect.TotalSeconds:0.#} s."),
        _ => "broke off, or speaks no HTTP.",
    };
}
