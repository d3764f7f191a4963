using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;

namespace Gofer.Domain.Access;

/// <summary>
/// One sentence of a role: these actions on these resources in these namespaces. Words are those of <see cref="AccessWords"/>, or <c>*</c>;
/// namespaces are names or patterns, which speak of the whole name.
/// </summary>
public sealed record Permission(IReadOnlyList<string> Resources, IReadOnlyList<string> Actions, IReadOnlyList<string> Namespaces)
{
    /// <summary>The most permissions of one role.</summary>
    public const int MaxCount = 50;

    /// <summary>Whether both say the same words in the same order.</summary>
    public bool Equals(Permission? other) => other is not null
        && Resources.SequenceEqual(other.Resources) && Actions.SequenceEqual(other.Actions) && Namespaces.SequenceEqual(other.Namespaces);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Resources.Count, Actions.Count, Namespaces.Count);

    /// <summary>Whether it says so, whatever the namespace.</summary>
    internal bool Speaks(string resource, string action) => Has(Resources, resource) && Has(Actions, action);

    /// <summary>Whether it lets its holder see that a namespace is there: it allows something in it.</summary>
    internal bool IsOfNamespaces => Actions.Count > 0 && Resources.Any(r => !AccessWords.IsInstallWide(r));

    /// <summary>Reads a permission; what is wrong goes into the faults.</summary>
    internal static Permission? Read(JsonValue value)
    {
        if (value.Object() is not { } fields) return null;
        var permission = new Permission(
            Words(fields["resources"], AccessWords.Resources, """["pipelines","runs"]"""), Words(fields["actions"], AccessWords.Actions, """["read"]"""), NamespacePattern.Read(fields["namespaces"].Required(), "a permission must name some; [\"*\"] are all."));
        fields.Done();
        return permission;
    }

    private static List<string> Words(JsonValue member, IReadOnlyCollection<string> known, string example)
    {
        var items = member.Required().Items(example);
        if (!member.IsAbsent && member.IsEmpty) member.Invalid($"{member.Label} is empty: a permission must name some; [\"*\"] are all.");
        var words = new List<string>();
        foreach (var item in items)
        {
            if (item.Text() is not { } word || words.Contains(word)) continue;
            if (word != AccessWords.All && !known.Contains(word))
            {
                item.Invalid($"{item.Label} is {Shown.Quoted(word)}; it must be one of {string.Join(", ", known)}, or *.{(Nearest.Of(word, known) is { } near ? $" Did you mean '{near}'?" : "")}");
                continue;
            }

            words.Add(word);
        }

        return words;
    }

    private static bool Has(IReadOnlyList<string> words, string word) => words.Contains(AccessWords.All) || words.Contains(word);
}
