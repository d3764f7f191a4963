using System.Security.Authentication;

namespace Gofer.Cli.Commands;

/// <summary>What is said of a server whose certificate this machine does not trust.</summary>
internal static class Certificates
{
    /// <summary>What helps.</summary>
    public const string Cure =
        "Name the file of the authority that made its certificate with SSL_CERT_FILE, or let the machine trust it; the host in the URL must be one that the certificate is for.";

    /// <summary>Whether that is why there was no answer.</summary>
    public static bool IsRefused(HttpRequestException e) =>
        e is { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: AuthenticationException inner } && inner.Message.Contains("remote certificate", StringComparison.Ordinal);
}
