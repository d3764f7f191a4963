namespace Gofer.Domain.Common;

/// <summary>Questions about addresses that people wrote.</summary>
public static class Addresses
{
    /// <summary>Whether its host can be called: <see cref="Uri"/> takes some that no name of DNS can be, and throws only when one calls them.</summary>
    public static bool HasHost(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        try
        {
            return url.IdnHost.Length > 0;
        }
        catch (UriFormatException)
        {
            return false;
        }
    }
}
