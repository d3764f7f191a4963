namespace Gofer.Infrastructure.Secrets.Vault;

/// <summary>Where a HashiCorp Vault is and what of it is Gofer's.</summary>
public sealed record VaultOptions
{
    /// <summary>The server, such as <c>https://vault.example:8200</c>.</summary>
    public required Uri Address { get; init; }

    /// <summary>What proves who asks; null where <see cref="TokenPath"/> has it.</summary>
    public string? Token { get; init; }

    /// <summary>A file with the token, such as an agent of Vault's keeps fresh: read anew when Vault refuses the one that was read before.</summary>
    public string? TokenPath { get; init; }

    /// <summary>The mount of a KV engine of version 2.</summary>
    public string Mount { get; init; } = "secret";

    /// <summary>The folder in it below which everything of Gofer's is.</summary>
    public string Prefix { get; init; } = "gofer";

    /// <summary>The namespace of Vault Enterprise; null for none.</summary>
    public string? Namespace { get; init; }
}
