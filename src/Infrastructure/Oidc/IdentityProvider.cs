using System.Text.Json;
using Gofer.Application.Access;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Gofer.Infrastructure.Oidc;

/// <summary>
/// Tells whom the configured identity provider vouches for. A token is good if the provider signed it, with a private key whose public half it
/// publishes, for this server and for now; whatever else is of it is only read then.
/// </summary>
public sealed partial class IdentityProvider : IDisposable
{
    /// <summary>How far ahead the provider's clock may be. Behind is not allowed for: what has expired is over.</summary>
    private static readonly TimeSpan s_ahead = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan s_quiet = TimeSpan.FromMinutes(1);

    private const string Email = "email";

    /// <summary>Only what cannot be made with what the provider publishes.</summary>
    private static readonly string[] s_algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>Access tokens and ID tokens; what a provider signs for other uses, such as a logout, lets nobody in.</summary>
    private static readonly string[] s_types = ["JWT", "at+jwt", "application/at+jwt"];

    private readonly JsonWebTokenHandler _handler = new();
    private readonly OidcOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly PublishedKeys? _keys;
    private readonly ClaimRoles? _roles;
    private long _quietUntil;

    /// <summary>The one that the options name, which are known to be good.</summary>
    public IdentityProvider(IOptions<OidcOptions> options, TimeProvider clock, ILogger<IdentityProvider> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _clock, _logger) = (options.Value, clock, logger);
        if (_options is not { Issuer: { } issuer, Roles: { } roles }) return;
        _keys = new PublishedKeys(issuer, clock, logger);
        _roles = ClaimRoles.Parse(roles).Value;
    }

    /// <summary>Whom a token speaks of; the error says why it is not taken, or that its claims give nothing.</summary>
    public async Task<Result<Identity>> VerifyAsync(string text, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (_keys is null) return Refusal("This looks like the token of an identity provider, and this server trusts none (oidc.issuer). Send one of its own, 'Bearer gof_…'.");
        if (Read(text) is not { } token) return Refusal("What was sent as Authorization is no token that can be read.");
        if (!s_algorithms.Contains(token.Alg)) return Refusal($"The token is signed by {Shown.Quoted(token.Alg)}; taken are {string.Join(", ", s_algorithms)}.");
        if (!string.IsNullOrEmpty(token.Typ) && !s_types.Contains(token.Typ, StringComparer.OrdinalIgnoreCase)) return Refusal($"The token is of the type {Shown.Quoted(token.Typ)}; wanted is an access token or an ID token.");
        var published = await _keys.FindAsync(token.Kid, cancellationToken);
        if (!published.IsOk) return published.Error;
        var keys = published.Value.Of(token.Kid);
        if (keys.Count == 0) return Refusal($"The token is signed with the key {Shown.Quoted(token.Kid)}, which the identity provider does not publish.");
        var judged = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKeys = keys,
            ValidIssuer = published.Value.Issuer,
            ValidAudience = _options.Audience,
            ValidAlgorithms = s_algorithms,
            ValidateLifetime = false, // by our own clock, below
        });
        if (!judged.IsValid) return Refusal(Why(judged.Exception));
        return Outdated(token) ?? IdentityOf(token);
    }

    /// <inheritdoc/>
    public void Dispose() => _keys?.Dispose();

    private static JsonWebToken? Read(string text)
    {
        try
        {
            var token = new JsonWebToken(text);
            return token is { Alg: not null, IsEncrypted: false } ? token : null;
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or JsonException or FormatException)
        {
            return null;
        }
    }

    private Error? Outdated(JsonWebToken token)
    {
        var now = _clock.GetUtcNow();
        if (token.ValidTo == DateTime.MinValue) return Refusal("The token does not say when it expires, so it is not taken.");
        if (now.UtcDateTime >= token.ValidTo) return Refusal("The token has expired. Get a new one from the identity provider.");
        return token.ValidFrom > (now + s_ahead).UtcDateTime ? Refusal("The token is not good yet: does the clock of the identity provider, or of this server, go wrong?") : null;
    }

    private Result<Identity> IdentityOf(JsonWebToken token)
    {
        using var claims = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.EncodedPayload));
        if (Texts(claims.RootElement, "sub") is not [{ Length: > 0 and <= 255 } subject] || subject.Any(char.IsControl)) return Refusal("The token does not say whom it is of ('sub').");
        var name = Texts(claims.RootElement, _options.Name) is [{ Length: > 0 } called] ? Shown.Of(called) : Shown.Of(subject);
        // An address that nobody looked at is whatever its owner wrote down.
        var counts = _options.Claim != Email || IsTrue(claims.RootElement, $"{Email}_verified");
        var grants = _roles!.Of(counts ? Texts(claims.RootElement, _options.Claim) : []);
        if (grants.Count > 0) return new Identity(token.Issuer, subject, name, grants, new DateTimeOffset(token.ValidTo, TimeSpan.Zero));
        if (IsSpeakingTime()) Log.NothingGiven(_logger, name, _options.Claim);
        return new Error(
            ErrorKind.Forbidden, ErrorCodes.Forbidden,
            $"You are {Shown.Quoted(name)} to the identity provider, and nothing in the claim '{_options.Claim}' of your token gives you a role here (oidc.roles). Whoever runs this server can change that.");
    }

    /// <summary>The texts of a claim: one, or a list of them. The name is that of a claim, or else a way through objects.</summary>
    private static IReadOnlyList<string> Texts(JsonElement claims, string name)
    {
        if (!claims.TryGetProperty(name, out var value))
        {
            value = claims;
            foreach (var step in name.Split('.'))
            {
                if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(step, out value)) return [];
            }
        }

        return value.ValueKind switch
        {
            JsonValueKind.String => [value.GetString()!],
            JsonValueKind.Array => [.. value.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()!)],
            _ => [],
        };
    }

    private static bool IsTrue(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && (value.ValueKind == JsonValueKind.True || (value.ValueKind == JsonValueKind.String && value.ValueEquals("true")));

    private static string Why(Exception? e) => e switch
    {
        SecurityTokenInvalidAudienceException => "The token was made for another program than this server (its 'aud').",
        SecurityTokenInvalidIssuerException => "The token is of another issuer than the one that this server trusts (its 'iss').",
        _ => "The token's signature is not that of the identity provider.",
    };

    /// <summary>Whoever asks again and again, which programs do, is in the log once a minute.</summary>
    private bool IsSpeakingTime()
    {
        var (now, until) = (_clock.GetUtcNow().UtcTicks, Interlocked.Read(ref _quietUntil));
        return now >= until && Interlocked.CompareExchange(ref _quietUntil, now + s_quiet.Ticks, until) == until;
    }

    private static Error Refusal(string message) => new(ErrorKind.Unauthenticated, ErrorCodes.Unauthenticated, message);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Nothing in the claim {Claim} of '{Name}' gives a role (oidc.roles), so it is let in nowhere; others for whom that is so are not named for a minute")]
        public static partial void NothingGiven(ILogger logger, string name, string claim);
    }
}
