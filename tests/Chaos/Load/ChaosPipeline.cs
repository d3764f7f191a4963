using System.Text.Json;
using System.Text.Json.Nodes;
using Gofer.Domain.Pipelines;

namespace Gofer.Tests.Chaos.Load;

/// <summary>
/// A kind of run of the load: one class, one document. A new one needs its class and a line in <see cref="All"/>; the invariants know it
/// by its document and by what its tasks say about themselves.
/// </summary>
internal abstract class ChaosPipeline
{
    private PipelineDocument? _document;
    private TaskGraph? _graph;

    /// <summary>Every kind of run.</summary>
    public static IReadOnlyList<ChaosPipeline> All { get; } =
    [
        new Pipelines.Single(), new Pipelines.Diamond(), new Pipelines.FanOut(), new Pipelines.Failing(), new Pipelines.Tolerant(),
        new Pipelines.LogHeavy(), new Pipelines.StrangeOutput(), new Pipelines.Limited(), new Pipelines.Retried(), new Pipelines.Overdue(),
        new Pipelines.OutOfTime(), new Pipelines.Matrices(), new Pipelines.Keyed(), new Pipelines.KeyedBurst(),
    ];

    /// <summary>The pipeline's name.</summary>
    public abstract string Id { get; }

    /// <summary>Its share of the requests, beside the others'.</summary>
    public abstract int Weight { get; }

    /// <summary>How many runs are asked for at once.</summary>
    public virtual int Burst => 1;

    /// <summary>What the document says of how many runs may be active; 0 for no limit.</summary>
    public virtual int Parallelism => 0;

    public abstract IReadOnlyList<ChaosTask> Tasks { get; }

    /// <summary>Members of the document beyond id, parallelism and tasks.</summary>
    protected virtual JsonObject Extra => [];

    /// <summary>The document as the server reads it.</summary>
    public PipelineDocument Document => _document ??= Read();

    /// <summary>Its graph: what the rows of task executions stand for.</summary>
    public TaskGraph Graph => _graph ??= new TaskGraph(Document.Tasks);

    /// <summary>What runs for a node of the graph; null for the join of a matrix, for which nothing runs.</summary>
    public ChaosTask? ScriptOf(int node) => Graph.Nodes[node] is { IsJoin: false } found ? Tasks.Single(t => t.Id == found.Definition.Id) : null;

    /// <summary>What runs for a node: itself, or the instances of which it is the join.</summary>
    public IEnumerable<int> ContainersOf(int node) => Graph.Nodes[node].IsJoin ? Graph.ParentsOf(node).Select(p => p.Task) : [node];

    public string ToJson(string journal)
    {
        var document = (JsonObject)Extra.DeepClone();
        document["id"] = Id;
        if (Parallelism > 0) document["parallelism"] = Parallelism;
        document["tasks"] = new JsonArray([.. Tasks.Select(t => t.ToJson(journal))]);
        return document.ToJsonString();
    }

    /// <summary>The one limit over a node's tasks beside others of the same key; null for none.</summary>
    public (string Key, int Limit)? KeyOf(int node) => Graph.Nodes[node] is { IsJoin: false, Definition.Concurrency: { } rule } found
        ? (rule.KeyOf(new Dictionary<string, string>(), found.Matrix), rule.Limit)
        : null;

    private PipelineDocument Read()
    {
        using var json = JsonDocument.Parse(ToJson("/dev/null"));
        var read = DocumentReader.Read(json.RootElement, DocumentLimits.Default);
        return read.IsOk ? read.Value : throw new InvalidOperationException($"{Id}: {read.Error.Message}");
    }
}
