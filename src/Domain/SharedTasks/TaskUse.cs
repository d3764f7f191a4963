using Gofer.Domain.Common;

namespace Gofer.Domain.SharedTasks;

/// <summary>What a task's <c>uses</c> asks for: <c>lint@2</c>, the newest of a major, or <c>lint@2.1</c>, the newest patch of a minor.</summary>
public readonly record struct TaskUse(string Name, int Major, int? Minor)
{
    /// <summary>Reads it, or says what is wrong, to follow the member's label.</summary>
    public static TaskUse? Parse(string text, out string? complaint)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = text.IndexOf('@', StringComparison.Ordinal);
        var name = at < 0 ? text : text[..at];
        complaint = null;
        if (Slug.Complaint(name) is { } wrong)
        {
            complaint = $"must begin with the name of a shared task; the name {wrong}";
        }
        else if (at < 0)
        {
            complaint = $"has no version: write {Shown.Quoted($"{name}@1")} for the newest of a major version, or {Shown.Quoted($"{name}@1.2")} for that of a minor one";
        }
        else
        {
            var parts = text[(at + 1)..].Split('.');
            var minor = 0;
            if (parts.Length <= 2 && TaskVersion.TryNumber(parts[0], out var major) && (parts.Length == 1 || TaskVersion.TryNumber(parts[1], out minor)))
            {
                return new TaskUse(name, major, parts.Length == 1 ? null : minor);
            }

            complaint = $"names a version that is none: after '@' comes a major version, such as {Shown.Quoted($"{name}@2")}, or a minor one, such as {Shown.Quoted($"{name}@2.1")}";
        }

        return null;
    }

    /// <summary>Reads what was found good before.</summary>
    /// <exception cref="FormatException">It is no use of anything.</exception>
    public static TaskUse Parse(string text) => Parse(text, out var complaint) ?? throw new FormatException($"'uses' {complaint}.");

    /// <summary>Whether that version is one of those that it asks for.</summary>
    public bool Fits(TaskVersion version) => version.Major == Major && (Minor is null || version.Minor == Minor);

    /// <inheritdoc/>
    public override string ToString() => Minor is null ? FormattableString.Invariant($"{Name}@{Major}") : FormattableString.Invariant($"{Name}@{Major}.{Minor}");
}
