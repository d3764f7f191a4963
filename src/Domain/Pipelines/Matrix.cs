namespace Gofer.Domain.Pipelines;

/// <summary>The instances of a task with a <c>matrix</c>.</summary>
public static class Matrix
{
    /// <summary>How many instances there are; 1 without a matrix.</summary>
    public static long CountOf(IReadOnlyDictionary<string, IReadOnlyList<string>> matrix) =>
        matrix.Values.Aggregate(1L, (count, values) => Math.Min(int.MaxValue, count * Math.Max(1, values.Count)));

    /// <summary>
    /// Every combination, in the order in which instances are counted: members sorted by name, the last one fastest, values in the author's
    /// order.
    /// </summary>
    public static IEnumerable<IReadOnlyDictionary<string, string>> InstancesOf(IReadOnlyDictionary<string, IReadOnlyList<string>> matrix)
    {
        var axes = matrix.OrderBy(a => a.Key, StringComparer.Ordinal).ToList();
        var at = new int[axes.Count];
        while (true)
        {
            yield return axes.Select((axis, i) => KeyValuePair.Create(axis.Key, axis.Value[at[i]])).ToDictionary(StringComparer.Ordinal);
            var turn = axes.Count - 1;
            while (turn >= 0 && ++at[turn] == axes[turn].Value.Count) at[turn--] = 0;
            if (turn < 0) yield break;
        }
    }
}
