using System.Text.Json;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;

namespace Gofer.Api.Access;

/// <summary>The body that makes a token.</summary>
public sealed class NewTokenInput : IBody<NewTokenInput>
{
    /// <inheritdoc/>
    public static Type Schema => typeof(NewTokenBody);

    /// <summary>What it is for.</summary>
    public required string Name { get; init; }

    /// <summary>The names of its roles.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Names or patterns of the namespaces that it is for.</summary>
    public required IReadOnlyList<string> Namespaces { get; init; }

    /// <summary>How long it is good.</summary>
    public TimeSpan Life { get; init; } = Token.DefaultLife;

    /// <inheritdoc/>
    public static NewTokenInput? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var input = new NewTokenInput
        {
            Name = TokenInput.ReadName(fields["name"].Required()) ?? "",
            Roles = TokenInput.ReadRoles(fields["roles"].Required()),
            Namespaces = NamespacePattern.Read(fields["namespaces"].Required(), TokenInput.WhenNowhere),
            Life = fields["expires_in"].Time(Token.MinLife, Token.MaxLife) ?? Token.DefaultLife,
        };
        fields.Done();
        return input;
    }
}

/// <summary>What a <see cref="NewTokenInput"/> looks like.</summary>
/// <param name="Name">What it is for, in a word.</param>
/// <param name="Roles">Names of its roles, built in or made.</param>
/// <param name="Namespaces">Names, or patterns such as <c>team-*</c>, of the namespaces in which its roles hold; <c>*</c> for all and for what is the install's.</param>
/// <param name="ExpiresIn">How long it is good, such as <c>90d</c>, which it is where nothing is said; at most 366 days.</param>
public sealed record NewTokenBody(string Name, IReadOnlyList<string> Roles, IReadOnlyList<string> Namespaces, string? ExpiresIn);

/// <summary>The body that changes a token; what is left away stays.</summary>
public sealed class TokenInput : IBody<TokenInput>
{
    internal const string WhenNowhere = "its roles would hold nowhere; [\"*\"] are all.";

    /// <inheritdoc/>
    public static Type Schema => typeof(TokenBody);

    /// <summary>What is wanted of it.</summary>
    public required TokenSettings Settings { get; init; }

    /// <inheritdoc/>
    public static TokenInput? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var (roles, namespaces) = (fields["roles"], fields["namespaces"]);
        var settings = new TokenSettings(
            ReadName(fields["name"]), roles.IsAbsent ? null : ReadRoles(roles), namespaces.IsAbsent ? null : NamespacePattern.Read(namespaces, WhenNowhere),
            fields["disabled"].Flag());
        fields.Done();
        return new TokenInput { Settings = settings };
    }

    internal static string? ReadName(JsonValue member)
    {
        var name = member.Text();
        if (name is not null && Slug.Complaint(name) is { } complaint) member.Invalid($"{member.Label} {complaint}");
        return name;
    }

    internal static IReadOnlyList<string> ReadRoles(JsonValue member)
    {
        if (!member.IsAbsent && member.IsEmpty) member.Invalid($"{member.Label} is empty: the token could do nothing.");
        var items = member.Items("""["developer"]""");
        if (items.Count > Token.MaxRoles) member.Invalid($"There are {items.Count} roles; at most {Token.MaxRoles} are allowed.");
        return [.. items.Select(i => i.Text()).OfType<string>()];
    }
}

/// <summary>What a <see cref="TokenInput"/> looks like.</summary>
/// <param name="Name">What it is for, in a word.</param>
/// <param name="Roles">Names of its roles.</param>
/// <param name="Namespaces">Names or patterns of the namespaces in which its roles hold.</param>
/// <param name="Disabled">Whether it is refused until somebody enables it.</param>
public sealed record TokenBody(string? Name, IReadOnlyList<string>? Roles, IReadOnlyList<string>? Namespaces, bool? Disabled);

/// <summary>The body that makes a role or replaces what it says.</summary>
public sealed record RoleBody(string? Description, IReadOnlyList<Permission> Permissions) : IBody<RoleBody>
{
    /// <inheritdoc/>
    public static RoleBody? Read(JsonElement root, FaultList faults)
    {
        if (JsonFields.Open(root, faults) is not { } fields) return null;
        var body = new RoleBody(fields["description"].Text(Role.MaxDescription), Role.ReadPermissions(fields["permissions"]));
        fields.Done();
        return body;
    }
}
