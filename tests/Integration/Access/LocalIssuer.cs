using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Gofer.Tests.Integration.Access;

/// <summary>An identity provider on this machine: it publishes its keys over HTTP, and signs what a test wants signed.</summary>
internal sealed class LocalIssuer : IAsyncDisposable
{
    public const string Audience = "gofer";

    private readonly WebApplication _app;
    private volatile Key _key = Key.OfRsa("first");

    private LocalIssuer(WebApplication app) => _app = app;

    /// <summary>What it is called.</summary>
    public string Url => _app.Urls.First();

    /// <summary>What it answers where it is asked for its discovery document; null for the document.</summary>
    public Func<HttpContext, IResult>? Instead { get; set; }

    /// <summary>How often it was asked for keys.</summary>
    public int Asked { get; private set; }

    /// <summary>The key that it signs with, and the only one that it publishes.</summary>
    public Key Signing
    {
        get => _key;
        set => _key = value;
    }

    public static async Task<LocalIssuer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var issuer = new LocalIssuer(builder.Build());
        issuer._app.MapGet("/.well-known/openid-configuration", (HttpContext context) =>
            issuer.Instead?.Invoke(context) ?? Results.Json(new { issuer = issuer.Url, jwks_uri = $"{issuer.Url}/keys" }));
        issuer._app.MapGet("/keys", () =>
        {
            issuer.Asked++;
            return Results.Json(new JsonObject { ["keys"] = new JsonArray(issuer.Signing.Published()) });
        });
        await issuer._app.StartAsync(TestContext.Current.CancellationToken);
        return issuer;
    }

    /// <summary>What it says of somebody: good for ten minutes, but for what <paramref name="change"/> says otherwise.</summary>
    public JsonObject Claims(string subject, string[] groups, Action<JsonObject>? change = null)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JsonObject
        {
            ["iss"] = Url,
            ["aud"] = Audience,
            ["sub"] = subject,
            ["email"] = $"{subject}@example.com",
            ["groups"] = new JsonArray([.. groups.Select(g => JsonValue.Create(g))]),
            ["iat"] = now,
            ["exp"] = now + 600,
        };
        change?.Invoke(claims);
        return claims;
    }

    /// <summary>A good token of somebody.</summary>
    public string Token(string subject, params string[] groups) => Signing.Sign(Claims(subject, groups));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>A key with its name.</summary>
    internal sealed record Key(string Id, SecurityKey Private, string Algorithm, JsonObject Public)
    {
        public static Key OfRsa(string id, string algorithm = "RS256")
        {
            var rsa = RSA.Create(2048);
            var parts = rsa.ExportParameters(false);
            return new Key(id, new RsaSecurityKey(rsa) { KeyId = id }, algorithm, new JsonObject { ["kty"] = "RSA", ["n"] = Base64UrlEncoder.Encode(parts.Modulus), ["e"] = Base64UrlEncoder.Encode(parts.Exponent) });
        }

        public static Key OfCurve(string id)
        {
            var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var point = curve.ExportParameters(false).Q;
            return new Key(id, new ECDsaSecurityKey(curve) { KeyId = id }, "ES256", new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Base64UrlEncoder.Encode(point.X), ["y"] = Base64UrlEncoder.Encode(point.Y) });
        }

        public JsonNode Published()
        {
            var key = (JsonObject)Public.DeepClone();
            (key["kid"], key["use"]) = (Id, "sig");
            return key;
        }

        public string Sign(JsonObject claims, string? type = null) => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(
            claims.ToJsonString(), new SigningCredentials(Private, Algorithm), type is null ? new Dictionary<string, object>() : new Dictionary<string, object> { ["typ"] = type });

        /// <summary>What somebody makes who knows what is published, and no private key: a header of its own choice, and a signature of it.</summary>
        public static string Forge(JsonObject header, JsonObject claims, Func<byte[], byte[]> sign)
        {
            var signed = $"{Base64UrlEncoder.Encode(header.ToJsonString())}.{Base64UrlEncoder.Encode(claims.ToJsonString())}";
            return $"{signed}.{Base64UrlEncoder.Encode(sign(Encoding.ASCII.GetBytes(signed)))}";
        }

        public string PublicPem() => ((RsaSecurityKey)Private).Rsa.ExportSubjectPublicKeyInfoPem();
    }
}
