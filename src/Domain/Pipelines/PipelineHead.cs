using Gofer.Domain.Common;

namespace Gofer.Domain.Pipelines;

/// <summary>
/// The one row of a pipeline that whoever creates a run locks first, and whoever changes what a new run would get locks too: so no run
/// can commit after a change by what it read before it. Run numbers come from here, without gaps.
/// </summary>
public sealed class PipelineHead
{
    private PipelineHead() { }

    /// <summary>The head of a new pipeline, before its first version.</summary>
    public PipelineHead(PipelineId pipeline) => PipelineId = pipeline;

    /// <summary>The pipeline.</summary>
    public PipelineId PipelineId { get; private init; }

    /// <summary>The number of the newest run; 0 before the first.</summary>
    public long LastRun { get; private set; }

    /// <summary>The number of the newest version; 0 before the first.</summary>
    public int LastVersion { get; private set; }

    /// <summary>The version that runs get that ask for none; 0 before the first.</summary>
    public int LiveVersion { get; private set; }

    /// <summary>The version that was live before that one, for whoever wants to go back; null where none ever was.</summary>
    public int? PreviousLiveVersion { get; private set; }

    /// <summary>How many runs may be active at a time, from the live version; 0 sets no limit.</summary>
    public int Parallelism { get; private set; }

    /// <summary>What becomes of a run for which there is no slot, from the live version.</summary>
    public LimitPolicy OnLimit { get; private set; }

    /// <summary>The priority of runs that name none, from the live version.</summary>
    public int Priority { get; private set; }

    /// <summary>Whether it takes no new runs.</summary>
    public bool Paused { get; private set; }

    /// <summary>Whether the pipeline was deleted; a creator that waited for the row finds it here.</summary>
    public bool Deleted { get; private set; }

    /// <summary>Takes the number of the next version.</summary>
    public int NextVersion() => ++LastVersion;

    /// <summary>Makes <paramref name="version"/> live, and its settings with it.</summary>
    public void Deploy(int version, PipelineDocument document)
    {
        if (LiveVersion != 0 && LiveVersion != version) PreviousLiveVersion = LiveVersion;
        LiveVersion = version;
        (Parallelism, OnLimit, Priority) = (document.Parallelism, document.OnLimit, document.Priority);
    }

    /// <summary>Takes no new runs; false where it was so already.</summary>
    public bool Pause() => !Paused && (Paused = true);

    /// <summary>Takes new runs again; false where it was so already.</summary>
    public bool Resume()
    {
        if (!Paused) return false;
        Paused = false;
        return true;
    }

    /// <summary>Takes no run ever again.</summary>
    public void Delete() => Deleted = true;
}
