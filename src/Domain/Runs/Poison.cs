namespace Gofer.Domain.Runs;

/// <summary>Which task of a dead worker may have killed it.</summary>
public static class Poison
{
    /// <summary>Deaths of workers after which a task is condemned, unless set otherwise.</summary>
    public const int DefaultLimit = 3;

    /// <summary>
    /// Of the tasks that a dead worker held, by how many dead workers held each: the one that reached <paramref name="limit"/> and is the
    /// only one that did, since whatever it was with died no other times; and, so that two that always die together cannot go on for ever,
    /// each that reached twice the limit.
    /// </summary>
    public static IEnumerable<T> Condemned<T>(IReadOnlyCollection<(T Task, int Deaths)> held, int limit)
    {
        var suspects = held.Where(h => h.Deaths >= limit).ToList();
        return suspects.Count == 1 ? [suspects[0].Task] : suspects.Where(s => s.Deaths >= 2 * limit).Select(s => s.Task);
    }
}
