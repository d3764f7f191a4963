using Gofer.Domain.Common;

namespace Gofer.Domain.Notifications;

/// <summary>The rule for addresses that are told of outcomes, whether they stand in a document or come out of a secret.</summary>
public static class NotificationUrl
{
    /// <summary>The longest address, in characters.</summary>
    public const int MaxLength = 2048;

    /// <summary>
    /// What is shown of an address: a reference to a secret as it is, and of an address itself no more than its host, since a path or a query may be all that keeps
    /// others from calling it.
    /// </summary>
    public static string Shown(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Pipelines.Interpolation.KindOf(text) is not null || !Uri.TryCreate(text, UriKind.Absolute, out var url)) return text;
        return url.PathAndQuery.Length > 1 ? $"{url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)}/…" : text;
    }

    /// <summary>
    /// The address, or what is wrong with it: to be said after the name of what holds it, and without the address, which may be a secret. Whether its host may be
    /// called is judged when it is.
    /// </summary>
    public static Result<Uri> Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxLength) return Error.Invalid("", $"is {text.Length} characters long; at most {MaxLength} are allowed.");
        if (text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))) return Error.Invalid("", "may hold neither space nor control characters.");
        if (text.Contains("{{", StringComparison.Ordinal))
        {
            return Error.Invalid("", "may stand for a secret only as a whole, such as namespace_secret{{hook}}.");
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url is not { Scheme: "http" or "https" } || !Addresses.HasHost(url))
        {
            return Error.Invalid("", "must be an absolute address that begins with http:// or https://.");
        }

        return url.UserInfo.Length > 0 ? Error.Invalid("", "must not hold a user or a password: addresses are shown and logged on their way.") : url;
    }
}
