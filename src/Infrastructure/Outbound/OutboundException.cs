namespace Gofer.Infrastructure.Outbound;

/// <summary>
/// A call to an address that a user named had no answer. The message names the host and nothing else of the address, which may hold secrets. Where
/// <paramref name="isRefused"/> says so nothing was sent, and trying again changes nothing.
/// </summary>
public sealed class OutboundException(string message, bool isRefused) : Exception(message)
{
    /// <summary>Whether it is this server that does not call there.</summary>
    public bool IsRefused => isRefused;
}
