using Gofer.Application.Common;

namespace Gofer.Infrastructure.Secrets.Vault;

/// <summary>A Vault as somebody finds it who only looks.</summary>
public static class VaultLook
{
    /// <summary>Why secrets cannot be had from it, or null where it answers, is open and knows the token.</summary>
    public static async Task<string?> AtAsync(VaultOptions options, CancellationToken cancellationToken)
    {
        using var client = new VaultClient(options);
        try
        {
            await client.LookAsync(cancellationToken);
            return null;
        }
        catch (StoreUnavailableException e)
        {
            return e.Message;
        }
    }
}
