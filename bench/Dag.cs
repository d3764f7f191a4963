using System.Globalization;
using System.Text;

namespace Gofer.Bench;

/// <summary>A graph of tasks as every contestant gets it: parents by index, smaller than the task's own.</summary>
internal sealed record Dag(string Name, IReadOnlyList<int[]> Parents)
{
    private static readonly int[][] s_ten = [[], [0], [0], [0], [1, 2], [2, 3], [4], [4, 5], [5], [6, 7, 8]];

    /// <summary>Ten tasks, 13 edges, fan-out and joins: the graph of every drain.</summary>
    public static Dag Ten { get; } = new("ten", s_ten);

    /// <summary>One task alone.</summary>
    public static Dag One { get; } = new("one", [[]]);

    /// <summary>Ten tasks, one after the other.</summary>
    public static Dag Chain { get; } = new("chain", [.. Enumerable.Range(0, 10).Select(i => i == 0 ? Array.Empty<int>() : [i - 1])]);

    /// <summary>A hundred times <see cref="Ten"/> side by side in one run, so that only the size of the run differs.</summary>
    public static Dag Thousand { get; } = new(
        "thousand", [.. Enumerable.Range(0, 100).SelectMany(copy => s_ten.Select(parents => parents.Select(p => p + (10 * copy)).ToArray()))]);

    public int Count => Parents.Count;

    /// <summary>The graph as a pipeline of Gofer's.</summary>
    public string Document(string id)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $$"""{"id":"{{id}}","tasks":[""");
        for (var task = 0; task < Count; task++)
        {
            var parents = string.Join(",", Parents[task].Select(p => string.Create(CultureInfo.InvariantCulture, $"\"t{p}\":\"success\"")));
            text.Append(CultureInfo.InvariantCulture, $$$"""{{{(task == 0 ? "" : ",")}}}{"id":"t{{{task}}}","image":"none","command":["true"],"depends_on":{ {{{parents}}} }}""");
        }

        return text.Append("]}").ToString();
    }
}
