using System.Diagnostics.CodeAnalysis;
using Gofer.Domain.Access;
using Microsoft.Extensions.Options;

namespace Gofer.Infrastructure.Oidc;

/// <summary>The one identity provider whose tokens are taken beside the install's own; section <c>Gofer:Oidc</c>.</summary>
public sealed class OidcOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Gofer:Oidc";

    /// <summary>The provider, such as <c>https://id.example.com/realms/main</c>; null trusts none.</summary>
    public string? Issuer { get; set; }

    /// <summary>Whom its tokens must be made for.</summary>
    public string? Audience { get; set; }

    /// <summary>The claim whose values give roles; dots lead into objects, such as <c>realm_access.roles</c>.</summary>
    public string Claim { get; set; } = "groups";

    /// <summary>The claim by which people know somebody; where a token has none, its subject.</summary>
    public string Name { get; set; } = "email";

    /// <summary>Which values give which roles where, as <see cref="ClaimRoles"/> reads it.</summary>
    public string? Roles { get; set; }

    /// <summary>Whether what it says cannot be changed on the way: it is asked over TLS, or on this machine.</summary>
    internal static bool IsSafe([NotNullWhen(true)] Uri? url) => url is { IsAbsoluteUri: true } && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback));
}

/// <summary>Refuses to start on a provider that could let in nobody, or anybody.</summary>
internal sealed class OidcOptionsValidator : IValidateOptions<OidcOptions>
{
    public ValidateOptionsResult Validate(string? name, OidcOptions options)
    {
        var wrong = Complaints(options).ToList();
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }

    private static IEnumerable<string> Complaints(OidcOptions options)
    {
        if (options.Issuer is null)
        {
            if (options.Audience is not null || options.Roles is not null) yield return "oidc.audience and oidc.roles mean nothing without oidc.issuer.";
            yield break;
        }

        if (!Uri.TryCreate(options.Issuer, UriKind.Absolute, out var issuer) || !OidcOptions.IsSafe(issuer) || issuer.Query.Length > 0 || issuer.Fragment.Length > 0 || issuer.UserInfo.Length > 0)
        {
            yield return $"oidc.issuer is '{options.Issuer}'; it must be an https:// URL without '?', '#' and '@', or one of this machine.";
        }

        if (string.IsNullOrEmpty(options.Audience)) yield return "oidc.audience is missing: without it a token that the provider made for any other program would be good here.";
        if (string.IsNullOrEmpty(options.Roles)) yield return "oidc.roles is missing: nobody of the provider could do anything.";
        else if (ClaimRoles.Parse(options.Roles) is { IsOk: false } bad) yield return $"oidc.roles: {bad.Error.Message}";
    }
}
