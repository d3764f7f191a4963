using System.Buffers.Text;
using System.Text;
using Gofer.Domain.Common;

namespace Gofer.Application.Common;

/// <summary>A part of a list; <see cref="NextCursor"/> leads to the next, null at the end. There are no counts and no offsets.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);

/// <summary>Which part of a list: at most <paramref name="Limit"/> items after the place that <paramref name="Cursor"/> names.</summary>
public sealed record PageRequest(int? Limit, string? Cursor)
{
    /// <summary>Items where no limit is given.</summary>
    public const int DefaultLimit = 50;

    /// <summary>Items at most.</summary>
    public const int MaxLimit = 500;

    /// <summary>How many items to answer.</summary>
    public int Take => Limit ?? DefaultLimit;

    /// <summary>Why the request is refused, or null. The cursor is judged by <see cref="Cursors"/>.</summary>
    public Error? Check() => Take is < 1 or > MaxLimit ? Error.Invalid("/limit", $"limit must be from 1 to {MaxLimit}.") : null;
}

/// <summary>Opaque cursors: what they hold is nobody's business but the list's that made them.</summary>
public static class Cursors
{
    /// <summary>A cursor that names a place.</summary>
    public static string Of(string place) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(place));

    /// <summary>The place that a cursor names, null without a cursor; an error where it is none of ours.</summary>
    public static Result<string?> Read(string? cursor)
    {
        if (cursor is null) return (string?)null;
        if (cursor.Length is 0 or >= 1024 || !Base64Url.IsValid(cursor)) return Bad;
        var place = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
        return place.Contains('\0', StringComparison.Ordinal) ? Bad : place;
    }

    /// <summary>The error for a cursor that does not name a place of the list.</summary>
    public static Error Bad { get; } =
        Error.Malformed("/cursor", "The cursor is not one that this list gave out. Leave it away to start from the beginning.");

    /// <summary>The page of <paramref name="rows"/>, of which one more than asked for was read.</summary>
    public static Page<TView> Page<TRow, TView>(IReadOnlyList<TRow> rows, int take, Func<TRow, TView> view, Func<TRow, string> place) =>
        new([.. rows.Take(take).Select(view)], rows.Count > take ? Of(place(rows[take - 1])) : null);
}
