namespace Gofer.Domain.Pipelines;

/// <summary>
/// Finds one cycle, a shortest, through the first node of each knot of a graph: a knot is a set of nodes that all reach each other.
/// So cycles apart from one another are all found, and a knot of a million ways round is reported once. Linear, and without
/// recursion, which a chain of a thousand tasks would turn into a stack overflow.
/// </summary>
internal static class Cycles
{
    /// <summary>The cycles by their first node; each starts with it and names no node twice. Edges from a node to itself do not count.</summary>
    public static IEnumerable<IReadOnlyList<int>> Find(int[][] next)
    {
        var knots = Knots(next);
        var sizes = new int[next.Length + 1];
        foreach (var knot in knots) sizes[knot]++;

        var reported = new HashSet<int>();
        for (var node = 0; node < next.Length; node++)
        {
            if (sizes[knots[node]] > 1 && reported.Add(knots[node])) yield return ShortestThrough(node, next, knots);
        }
    }

    /// <summary>Tarjan's strongly connected components, numbered from 1, with a stack of our own.</summary>
    private static int[] Knots(int[][] next)
    {
        var (order, low, knots) = (new int[next.Length], new int[next.Length], new int[next.Length]);
        var (seen, closed) = (0, 0);
        var open = new Stack<int>();
        var path = new Stack<(int Node, int Edge)>();

        for (var root = 0; root < next.Length; root++)
        {
            if (order[root] == 0) Enter(root);
            while (path.TryPop(out var step))
            {
                var (node, edge) = step;
                if (edge < next[node].Length)
                {
                    path.Push((node, edge + 1));
                    var target = next[node][edge];
                    if (order[target] == 0) Enter(target);
                    else if (knots[target] == 0) low[node] = Math.Min(low[node], order[target]);
                    continue;
                }

                if (path.TryPeek(out var above)) low[above.Node] = Math.Min(low[above.Node], low[node]);
                if (low[node] == order[node]) Close(node);
            }
        }

        return knots;

        void Enter(int node)
        {
            order[node] = low[node] = ++seen;
            open.Push(node);
            path.Push((node, 0));
        }

        void Close(int node)
        {
            closed++;
            int member;
            do
            {
                member = open.Pop();
                knots[member] = closed;
            }
            while (member != node);
        }
    }

    private static List<int> ShortestThrough(int start, int[][] next, int[] knots)
    {
        var cameFrom = new Dictionary<int, int>();
        var queue = new Queue<int>([start]);
        while (!cameFrom.ContainsKey(start))
        {
            var node = queue.Dequeue();
            foreach (var target in next[node])
            {
                if (target != node && knots[target] == knots[start] && cameFrom.TryAdd(target, node)) queue.Enqueue(target);
            }
        }

        var cycle = new List<int> { start };
        for (var node = cameFrom[start]; node != start; node = cameFrom[node]) cycle.Add(node);
        cycle.Reverse(1, cycle.Count - 1);
        return cycle;
    }
}
