using Gofer.Domain.Runs;

namespace Gofer.Worker.Local;

/// <summary>
/// The slots of a local run's concurrency keys. Nobody shares them, so this is the rule alone: a task takes a slot of its key or waits
/// behind those that came before it.
/// </summary>
internal sealed class LocalGate(IReadOnlyDictionary<string, string> parameters)
{
    private readonly Dictionary<string, Slots> _slots = new(StringComparer.Ordinal);

    /// <summary>Gives back what tasks freed, lets in those that waited for it, and decides on those that want a slot now.</summary>
    public void Decide(Run run, DateTimeOffset now)
    {
        foreach (var task in run.Freed) Of(run, task).Taken--;
        foreach (var slots in _slots.Values) Promote(run, slots, now);
        foreach (var task in run.Wanting.ToList())
        {
            var slots = Of(run, task);
            if (slots.Waiting.Count == 0 && slots.HasRoom)
            {
                slots.Taken++;
                run.Grant(task, now);
            }
            else
            {
                slots.Waiting.Enqueue(task);
                run.Hold(task, $"Waits for a slot: at most {slots.Limit} tasks run at a time under the key '{slots.Key}'.", now);
            }
        }
    }

    private static void Promote(Run run, Slots slots, DateTimeOffset now)
    {
        while (slots.HasRoom && slots.Waiting.TryDequeue(out var task))
        {
            if (run.Tasks[task] is not { State: TaskState.Waiting, WaitingFor: WaitingFor.Concurrency }) continue; // cancelled meanwhile
            slots.Taken++;
            run.Grant(task, now);
        }
    }

    private Slots Of(Run run, int task)
    {
        var node = run.Graph.Nodes[task];
        var rule = node.Definition.Concurrency!;
        var key = rule.KeyOf(parameters, node.Matrix);
        if (!_slots.TryGetValue(key, out var slots)) _slots.Add(key, slots = new Slots(key, rule.Limit));
        return slots;
    }

    private sealed class Slots(string key, int limit)
    {
        public string Key => key;

        public int Limit => limit;

        public int Taken { get; set; }

        public Queue<int> Waiting { get; } = [];

        public bool HasRoom => Taken < limit;
    }
}
