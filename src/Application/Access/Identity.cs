using Gofer.Domain.Access;

namespace Gofer.Application.Access;

/// <summary>Somebody whom the identity provider vouches for, as one of its tokens says.</summary>
/// <param name="Issuer">The provider.</param>
/// <param name="Subject">Who it is there, for good.</param>
/// <param name="Name">What it is called there, for people; it decides nothing.</param>
/// <param name="Grants">What its claims give.</param>
/// <param name="ExpiresAt">From when on the token is refused.</param>
public sealed record Identity(string Issuer, string Subject, string Name, IReadOnlyList<RoleGrant> Grants, DateTimeOffset ExpiresAt)
{
    /// <summary>Names it among those of all providers. An issuer is a URL without a fragment, so no two have the same.</summary>
    public string Id => $"{Issuer}#{Subject}";
}
