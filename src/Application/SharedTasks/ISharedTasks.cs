using Gofer.Domain.Common;
using Gofer.Domain.SharedTasks;

namespace Gofer.Application.SharedTasks;

/// <summary>Versions of shared tasks, read once; they never change, so they are kept in memory.</summary>
public interface ISharedTasks
{
    /// <summary>The definition; null where it was deleted.</summary>
    ValueTask<SharedTaskDefinition?> GetAsync(SharedTaskVersionId version, CancellationToken cancellationToken);
}

/// <summary>What a run's <c>uses</c> came to when the run was created.</summary>
/// <param name="Id">The version's id.</param>
/// <param name="Version">The version, such as <c>2.2</c>.</param>
/// <param name="Scope"><c>namespace</c> or <c>global</c>.</param>
public sealed record SharedTaskPin(Guid Id, string Version, string Scope)
{
    /// <summary>The scope of one of the pipeline's namespace.</summary>
    public const string OfNamespace = "namespace";

    /// <summary>The scope of one of the install.</summary>
    public const string Global = "global";
}

/// <summary>A version that a <c>uses</c> came to.</summary>
public sealed record FoundSharedTask(string Uses, SharedTaskPin Pin)
{
    /// <summary>The version's id.</summary>
    public SharedTaskVersionId Version => new(Pin.Id);
}
