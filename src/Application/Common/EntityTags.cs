using System.Globalization;
using Gofer.Domain.Common;

namespace Gofer.Application.Common;

/// <summary>A representation with the entity tag that a later change may demand.</summary>
public sealed record Tagged<T>(T View, string Tag);

/// <summary>Entity tags of mutable resources: their revision.</summary>
internal static class EntityTags
{
    /// <summary>The tag of a revision.</summary>
    public static string Of(int revision) => string.Create(CultureInfo.InvariantCulture, $"\"{revision}\"");

    /// <summary>An error where the caller demands any revision of a thing that is not there.</summary>
    public static Error? RefuseMissing(string? ifMatch, string what) => ifMatch is null
        ? null
        : new Error(ErrorKind.Stale, ErrorCodes.PreconditionFailed, $"If-Match asks for a {what} that exists, and there is none.");

    /// <summary>An error where the caller demands (<c>If-Match</c>) another revision than the present one.</summary>
    public static Error? Refuse(string? ifMatch, int revision)
    {
        if (ifMatch is null or "*") return null;
        var tags = ifMatch.Split(',', StringSplitOptions.TrimEntries);
        return tags.Contains(Of(revision))
            ? null
            : new Error(ErrorKind.Stale, ErrorCodes.PreconditionFailed, $"It has changed: its entity tag is now {Of(revision)}. Read it again before you change it.");
    }
}
