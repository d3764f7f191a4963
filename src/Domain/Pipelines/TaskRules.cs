using Gofer.Domain.Common;
using Gofer.Domain.Runs;

namespace Gofer.Domain.Pipelines;

/// <summary>Reads how a task is to be run: again, beside others, many times over.</summary>
internal static class TaskRules
{
    public static RetryPolicy Retry(JsonValue member, DocumentLimits limits)
    {
        if (member.Object() is not { } fields) return RetryPolicy.None;
        var standard = new RetryPolicy();
        var initial = fields["initial_delay"].Time(TimeSpan.Zero, limits.LongestDelay) ?? standard.InitialDelay;
        var longest = fields["max_delay"].Time(TimeSpan.Zero, limits.LongestDelay);
        if (longest < initial) fields["max_delay"].Invalid($"'max_delay' is shorter than the initial delay of {Duration.Text(initial)}.");
        var policy = new RetryPolicy
        {
            MaxAttempts = (int)(fields["max_attempts"].Whole(1, limits.Attempts) ?? standard.MaxAttempts),
            InitialDelay = initial,
            Factor = Factor(fields["factor"]) ?? standard.Factor,
            MaxDelay = longest ?? (initial > standard.MaxDelay ? initial : standard.MaxDelay),
            On = fields["on"] is var on && on.Items().Count > 0 ? Classes(on) : RetryPolicy.DefaultOn,
            ExitCodes = ExitCodes(fields["exit_codes"]),
        };
        if (policy.ExitCodes.Count > 0 && !policy.On.Contains(Reasons.ExitCode)) fields["exit_codes"].Invalid("'exit_codes' asks for nothing: 'on' does not have exit_code.");
        fields.Done();
        return member.IsEmpty ? RetryPolicy.None : policy;
    }

    public static ConcurrencyRule? Concurrency(
        JsonValue member, DocumentLimits limits, IReadOnlyCollection<string> parameters, IReadOnlyDictionary<string, IReadOnlyList<string>> matrix)
    {
        if (member.Object() is not { } fields) return null;
        if (member.IsEmpty) return null;
        var (key, limit) = (fields["key"].Required(), fields["limit"].Required());
        var text = key.Text(ConcurrencyRule.MaxKey) ?? "";
        if (text.Length == 0 && !key.IsAbsent) key.Invalid("The key of a concurrency limit must not be empty.");
        foreach (var part in Interpolation.Split(text))
        {
            if (part.Kind is null)
            {
                // Text that only looks as if it stood for something would be one key for all.
                if (part.Text.IndexOf("{{", StringComparison.Ordinal) is >= 0 and var open && part.Text.IndexOf("}}", open, StringComparison.Ordinal) > open) key.Invalid($"In {Shown.Quoted(part.Text)} of the key, {{{{…}}}} stands for nothing: param{{{{x}}}} and matrix{{{{x}}}} do here.");
                continue;
            }

            var known = part.Kind == Interpolation.Param ? parameters : [.. matrix.Keys];
            var what = part.Kind == Interpolation.Param ? "parameter" : "member of the matrix";
            if (!known.Contains(part.Text)) key.Invalid($"The key stands for the {what} {Shown.Quoted(part.Text)}, which is not declared.{key.Faults.Suggest(part.Text, known)}");
        }

        var rule = new ConcurrencyRule(text, (int)(limit.Whole(1, limits.Concurrency) ?? 1));
        fields.Done();
        return rule;
    }

    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Matrix(JsonValue member, DocumentLimits limits)
    {
        var matrix = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var axes = member.Entries();
        if (axes.Count > limits.MatrixMembers) member.Invalid($"There are {axes.Count} members; a matrix has at most {limits.MatrixMembers}.");
        foreach (var axis in axes)
        {
            var values = axis.Texts();
            if (NameComplaint(axis.Name) is { } complaint) axis.Invalid(complaint);
            else if (!names.Add(axis.Name)) axis.Invalid($"{Shown.Quoted(axis.Name)} is there in another letter case too; both would be the variable {axis.Name.ToUpperInvariant()}.");
            if (axis.IsEmpty) axis.Invalid($"{axis.Label} needs at least one value.");
            else if (values.Distinct().Count() < values.Count) axis.Invalid($"{axis.Label} has a value twice.");
            else if (values.Count > limits.Tasks) axis.Invalid($"{axis.Label} has {values.Count} values; at most {limits.Tasks} are allowed.");
            if (values.Any(v => System.Text.Encoding.UTF8.GetByteCount(v) > limits.VariableBytes)) axis.Invalid($"{axis.Label} has a value that is longer than {limits.VariableBytes} bytes.");
            matrix[axis.Name] = values;
        }

        return matrix;
    }

    private static string? NameComplaint(string name) => name switch
    {
        _ when name.Length is 0 or > 63 || char.IsAsciiDigit(name[0]) || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '_') =>
            $"{Shown.Quoted(name)} cannot be a variable: the name of a matrix member has 1 to 63 letters, digits and '_', and starts with no digit.",
        _ when name.StartsWith(UserMaps.ReservedPrefix, StringComparison.OrdinalIgnoreCase) =>
            $"{Shown.Quoted(name)} is reserved: names that start with {UserMaps.ReservedPrefix} are the system's own.",
        _ => null,
    };

    private static double? Factor(JsonValue member)
    {
        if (member.Number() is not { } factor) return null;
        if (factor is >= 1 and <= RetryPolicy.MaxFactor) return factor;
        member.Invalid($"'factor' must be from 1 to {RetryPolicy.MaxFactor}.");
        return null;
    }

    private static List<string> Classes(JsonValue member)
    {
        var classes = new List<string>();
        foreach (var item in member.Items())
        {
            if (item.Choice(DocumentWords.Failures) is { } known && !classes.Contains(known)) classes.Add(known);
        }

        return classes;
    }

    private static List<int> ExitCodes(JsonValue member)
    {
        var codes = new SortedSet<int>();
        foreach (var item in member.Items())
        {
            if (item.Whole(1, DocumentWords.MaxExitCode) is { } code) codes.Add((int)code);
        }

        return [.. codes];
    }
}
