using System.Reflection;
using Refit;

namespace Gofer.Client;

/// <summary>
/// Values in the path of a request. Each stays the one segment that it is: what a URI would fold away ('.', '..', nothing) is refused, for
/// the request would go to another resource than the caller named. No escaping prevents that.
/// </summary>
internal sealed class PathValues : DefaultUrlParameterFormatter
{
    public override string? Format(object? value, ICustomAttributeProvider attributeProvider, Type type)
    {
        var text = base.Format(value, attributeProvider, type);
        // A generated parameter of a query always carries its name; one of a path carries nothing.
        return attributeProvider.IsDefined(typeof(AliasAsAttribute), inherit: true) ? text : Checked(text);
    }

    /// <summary>The value as a segment of a path.</summary>
    public static string Segment(string value) => Uri.EscapeDataString(Checked(value));

    private static string Checked(string? value) => value is null or "" or "." or ".."
        ? throw new ArgumentException($"'{value}' cannot stand in a path: a name must not be empty, '.' or '..'.")
        : value;
}
