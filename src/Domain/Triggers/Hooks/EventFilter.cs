using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;

namespace Gofer.Domain.Triggers.Hooks;

/// <summary>Conditions on an event, all of which must hold for it to run.</summary>
public sealed class EventFilter
{
    /// <summary>The most conditions.</summary>
    public const int MaxCount = 20;

    /// <summary>The most values of one condition.</summary>
    public const int MaxValues = 50;

    private const int LongestShown = 100;

    private readonly List<Condition> _conditions;

    private EventFilter(List<Condition> conditions) => _conditions = conditions;

    /// <summary>Reads a filter; null where there is none. What is wrong goes into the faults.</summary>
    public static EventFilter? Read(JsonValue member)
    {
        ArgumentNullException.ThrowIfNull(member);
        var items = member.Items("""[{"pointer":"/ref","equals":"refs/heads/main"}]""");
        if (items.Count > MaxCount) member.Invalid($"There are {items.Count} conditions; at most {MaxCount} are allowed.");
        var conditions = items.Select(ReadCondition).OfType<Condition>().ToList();
        return conditions.Count > 0 ? new EventFilter(conditions) : null;
    }

    /// <summary>Why the event does not run; null where it does.</summary>
    public string? Refuse(EventContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        foreach (var condition in _conditions)
        {
            if (condition.Refuse(content) is { } refusal) return refusal;
        }

        return null;
    }

    private static Condition? ReadCondition(JsonValue item)
    {
        if (item.Object() is not { } fields) return null;
        var place = EventPlace.Read(fields);
        var (equals, not, among, matches, exists) = (fields["equals"], fields["not_equals"], fields["in"], fields["matches"], fields["exists"]);
        fields.Done();
        var given = new[] { equals, not, among, matches, exists }.Where(v => !v.IsAbsent).ToList();
        if (given.Count != 1)
        {
            item.Invalid("A condition says one of 'equals', 'not_equals', 'in', 'matches' and 'exists'.");
            return null;
        }

        if (place is null) return null;
        if (!exists.IsAbsent) return exists.Flag() is { } wanted ? new Exists(place, wanted) : null;
        if (!matches.IsAbsent) return matches.Text(LongestPattern) is { } pattern ? new Matches(place, pattern) : null;
        if (!among.IsAbsent)
        {
            var values = among.Items("""["opened","reopened"]""").Select(Value).OfType<string>().ToList();
            if (among.Items().Count is 0 or > MaxValues) among.Invalid($"'in' must hold 1 to {MaxValues} values.");
            return new Among(place, values, Wanted: true);
        }

        var single = equals.IsAbsent ? not : equals;
        return Value(single) is { } value ? new Among(place, [value], Wanted: !equals.IsAbsent) : null;
    }

    private const int LongestPattern = 255;

    /// <summary>Of a longer text no pattern is: a body is large, and a match may take as many steps as both lengths' product.</summary>
    private const int LongestMatched = 64 * 1024;

    private static string? Value(JsonValue value) => value.Scalar() is { } scalar ? EventContent.TextOf(scalar) : null;

    private static string Cut(string text) => Shown.Cut(text, LongestShown);

    private abstract record Condition(EventPlace Place)
    {
        public string? Refuse(EventContent content)
        {
            var found = Place.TextIn(content);
            if (Holds(found)) return null;
            if (found is null) return Place.Header is null && content.Json is null ? $"The body is no JSON, so it has no {Place.Label}." : $"{Place.Label} is not there.";
            return $"{Place.Label} is \"{Cut(found)}\" and {Demand}.";
        }

        protected abstract bool Holds(string? found);

        protected abstract string Demand { get; }
    }

    private sealed record Exists(EventPlace Place, bool Wanted) : Condition(Place)
    {
        protected override bool Holds(string? found) => found is not null == Wanted;

        protected override string Demand => "must not be there";
    }

    private sealed record Matches(EventPlace Place, string Pattern) : Condition(Place)
    {
        protected override bool Holds(string? found) => found?.Length <= LongestMatched && NamespacePattern.Matches(Pattern, found);

        protected override string Demand => $"does not match \"{Cut(Pattern)}\"";
    }

    private sealed record Among(EventPlace Place, IReadOnlyList<string> Values, bool Wanted) : Condition(Place)
    {
        protected override bool Holds(string? found) => Wanted ? found is not null && Values.Contains(found) : found is null || !Values.Contains(found);

        protected override string Demand => !Wanted ? "must be anything else"
            : Values.Count == 1 ? $"not \"{Cut(Values[0])}\"" : $"none of {string.Join(", ", Values.Take(10).Select(v => $"\"{Cut(v)}\""))}";
    }
}
