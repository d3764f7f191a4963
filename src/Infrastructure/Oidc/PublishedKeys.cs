using System.Text.Json;
using Gofer.Domain.Common;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace Gofer.Infrastructure.Oidc;

/// <summary>What a provider said of itself.</summary>
/// <param name="Issuer">What it names itself in its tokens.</param>
/// <param name="Keys">The keys that it signs with.</param>
/// <param name="At">When it said so, as the clock counts.</param>
internal sealed record Published(string Issuer, IReadOnlyList<SecurityKey> Keys, long At)
{
    /// <summary>The keys that may have signed a token that names one; all of them where it names none.</summary>
    public IReadOnlyList<SecurityKey> Of(string? kid) => string.IsNullOrEmpty(kid) ? Keys : [.. Keys.Where(k => k.KeyId == kid)];
}

/// <summary>
/// The keys that the provider publishes. They are asked for again every five minutes, and at once where a token names one that is not known,
/// though not more often than every ten seconds, whoever asks. While the provider is away the last ones are good for an hour.
/// </summary>
internal sealed partial class PublishedKeys(string issuer, TimeProvider clock, ILogger logger) : IDisposable
{
    private const string Discovery = ".well-known/openid-configuration";
    private const int MostKeys = 50;
    private static readonly TimeSpan s_fresh = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_good = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);

    // What it says decides who is let in, so it is taken from where the operator said and from nowhere that this leads to.
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(3), PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = TimeSpan.FromSeconds(5),
        MaxResponseContentBufferSize = 1024 * 1024,
    };

    private readonly Lock _gate = new();
    private Task _fetch = Task.CompletedTask;
    private long? _tried;
    private volatile Published? _known;
    private volatile string? _failure;

    /// <summary>What is known now, which has that key if the provider publishes it; the error says why nothing is known.</summary>
    public async Task<Result<Published>> FindAsync(string? kid, CancellationToken cancellationToken)
    {
        var known = Good();
        if (known is null || known.Of(kid).Count == 0)
        {
            await FetchSoon().WaitAsync(cancellationToken);
            known = Good();
        }
        else if (clock.GetElapsedTime(known.At) >= s_fresh)
        {
            _ = FetchSoon(); // and whoever shows a known key meanwhile need not wait for it
        }

        var failure = _failure;
        if (known is not null && (failure is null || known.Of(kid).Count > 0)) return known;
        return new Error(
            ErrorKind.Unavailable, ErrorCodes.IdentityProviderUnavailable,
            "The identity provider does not say by which keys its tokens are known, so nobody can tell whether this one is good. Try again; the server's log says what is wrong.")
        {
            RetryAfter = s_pause,
        };
    }

    public void Dispose() => _http.Dispose();

    private Published? Good() => _known is { } known && clock.GetElapsedTime(known.At) < s_good ? known : null;

    /// <summary>One asks for all; done at once where somebody asked a moment ago.</summary>
    private Task FetchSoon()
    {
        lock (_gate)
        {
            if (!_fetch.IsCompleted) return _fetch;
            if (_tried is { } at && clock.GetElapsedTime(at) < s_pause) return Task.CompletedTask;
            _tried = clock.GetTimestamp();
            return _fetch = Task.Run(FetchAsync);
        }
    }

    private async Task FetchAsync()
    {
        try
        {
            var asked = clock.GetTimestamp();
            using var about = JsonDocument.Parse(await _http.GetByteArrayAsync(new Uri($"{issuer.TrimEnd('/')}/{Discovery}")));
            if (Text(about, "issuer") is not { } named || named.TrimEnd('/') != issuer.TrimEnd('/')) throw new InvalidDataException($"what answers there is another issuer, {Shown.Quoted(Text(about, "issuer") ?? "")}");
            if (!Uri.TryCreate(Text(about, "jwks_uri"), UriKind.Absolute, out var place) || !OidcOptions.IsSafe(place)) throw new InvalidDataException("its jwks_uri is no https:// URL");
            var keys = new JsonWebKeySet(await _http.GetStringAsync(place)).GetSigningKeys().Take(MostKeys).ToList();
            if (keys.Count == 0) throw new InvalidDataException("it publishes no key");
            _known = new Published(named, keys, asked);
            if (_failure is not null) Log.Back(logger, issuer);
            _failure = null;
        }
        // Whatever it answers, or does not, is no reason to fail here: the keys stay those that are known.
#pragma warning disable CA1031
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (_failure != e.Message) Log.Away(logger, issuer, e.Message);
            _failure = e.Message;
        }
    }

    private static string? Text(JsonDocument document, string member) =>
        document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The identity provider {Issuer} does not say its keys: {Reason}")]
        public static partial void Away(ILogger logger, string issuer, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "The identity provider {Issuer} says its keys again")]
        public static partial void Back(ILogger logger, string issuer);
    }
}
