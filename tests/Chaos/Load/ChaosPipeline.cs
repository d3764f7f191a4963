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
        new Pipelines.LogHeavy(), new Pipelines.StrangeOutput(), new Pipelines.Limited(),
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

    /// <summary>Its graph.</summary>
    public TaskGraph Graph => _graph ??= new TaskGraph(Document.Tasks);

    public string ToJson(string journal)
    {
        var document = (JsonObject)Extra.DeepClone();
        document["id"] = Id;
        if (Parallelism > 0) document["parallelism"] = Parallelism;
        document["tasks"] = new JsonArray([.. Tasks.Select(t => t.ToJson(journal))]);
        return document.ToJsonString();
    }

    private PipelineDocument Read()
    {
        using var json = JsonDocument.Parse(ToJson("/dev/null"));
        var read = DocumentReader.Read(json.RootElement, DocumentLimits.Default);
        return read.IsOk ? read.Value : throw new InvalidOperationException($"{Id}: {read.Error.Message}");
    }
}
