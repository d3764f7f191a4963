namespace Gofer.Domain.Common;

/// <summary>What sort of refusal an <see cref="Error"/> is; the API maps each kind to one HTTP status.</summary>
public enum ErrorKind
{
    /// <summary>The input could not be read at all: not JSON, a member of the wrong type, a bad cursor (400).</summary>
    Malformed,

    /// <summary>The input was read and refused (422).</summary>
    Invalid,

    /// <summary>Nobody knows who asks (401).</summary>
    Unauthenticated,

    /// <summary>Who asks is known and may not do that (403).</summary>
    Forbidden,

    /// <summary>Something that the request names does not exist (404).</summary>
    NotFound,

    /// <summary>The state of the resource forbids the request (409).</summary>
    Conflict,

    /// <summary>The caller's <c>If-Match</c> names another revision (412).</summary>
    Stale,

    /// <summary>What the request asks for is gone for good, such as an expired cursor (410).</summary>
    Gone,

    /// <summary>The input is larger than its limit (413).</summary>
    TooLarge,

    /// <summary>The caller asks more often than it may (429); <see cref="Error.RetryAfter"/> says when to ask again.</summary>
    Limited,

    /// <summary>Not now: the database is away or the process is full (503).</summary>
    Unavailable,

    /// <summary>The server failed; the input is not to blame (500).</summary>
    Defect,
}

/// <summary>
/// An expected refusal. <see cref="Code"/> is stable and listed in <see cref="ErrorCodes"/>; <see cref="Message"/> is for people
/// and says what to do next; <see cref="Faults"/> places each complaint in the input where the input is wrong.
/// </summary>
public sealed record Error(ErrorKind Kind, string Code, string Message, IReadOnlyList<Fault>? Faults = null)
{
    /// <summary>How long to wait before asking again; null where nobody knows.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The input was read and refused; <paramref name="faults"/> says where and why, all at once.</summary>
    public static Error Invalid(IReadOnlyList<Fault> faults) =>
        new(ErrorKind.Invalid, ErrorCodes.ValidationFailed, Summary(faults), faults);

    /// <summary>The input was read and refused for one reason.</summary>
    public static Error Invalid(string pointer, string message) => Invalid([new Fault(pointer, message)]);

    /// <summary>The input could not be read.</summary>
    public static Error Malformed(string pointer, string message) =>
        new(ErrorKind.Malformed, ErrorCodes.MalformedRequest, message, [new Fault(pointer, message)]);

    /// <summary>The input could not be read in several places.</summary>
    public static Error Malformed(IReadOnlyList<Fault> faults) =>
        new(ErrorKind.Malformed, ErrorCodes.MalformedRequest, Summary(faults), faults);

    /// <summary>The input is good by the contract and asks for what this version does not do.</summary>
    public static Error NotSupported(IReadOnlyList<Fault> faults) =>
        new(ErrorKind.Invalid, ErrorCodes.NotSupported, Summary(faults), faults);

    private static string Summary(IReadOnlyList<Fault> faults) => faults.Count == 1
        ? faults[0].Message
        : $"{faults.Count} things are wrong with the input; the first: {faults[0].Message}";
}

/// <summary>One complaint about an input: an RFC 6901 JSON pointer (empty for the whole) and a sentence.</summary>
public readonly record struct Fault(string Pointer, string Message)
{
    /// <summary>Appends a member name or an index to a pointer, escaped as RFC 6901 asks.</summary>
    public static string At(string pointer, string member) =>
        $"{pointer}/{member.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";

    /// <inheritdoc cref="At(string,string)"/>
    public static string At(string pointer, int index) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{pointer}/{index}");
}
