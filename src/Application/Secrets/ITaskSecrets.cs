using Gofer.Application.Queue;
using Gofer.Domain.Common;

namespace Gofer.Application.Secrets;

/// <summary>What the secrets are that a task's values stand for, for whoever starts its container or follows it.</summary>
public interface ITaskSecrets
{
    /// <summary>
    /// Each secret that the task names, by kind and key. They are read once for an attempt: whoever takes it over gets those that its container
    /// was started with, whatever became of them since, so that what it wrote is masked to its end. The error says which is missing; null is
    /// answered where somebody else holds the task by now.
    /// </summary>
    /// <exception cref="Common.StoreUnavailableException">The store does not answer; try again.</exception>
    Task<Result<ResolvedSecrets>?> ResolveAsync(ClaimedTask task, CancellationToken cancellationToken);

    /// <summary>The attempt's end is recorded: what was kept for it may go. Where this fails, housekeeping does it.</summary>
    Task ForgetAsync(ClaimedTask task, CancellationToken cancellationToken);
}

/// <summary>The values of a task's interpolations, by kind and key. A class: nothing prints it.</summary>
public sealed class ResolvedSecrets(IReadOnlyDictionary<(string Kind, string Key), string> values)
{
    /// <summary>Of a task that names none.</summary>
    public static ResolvedSecrets None { get; } = new(new Dictionary<(string, string), string>());

    /// <summary>The values.</summary>
    public IReadOnlyDictionary<(string Kind, string Key), string> Values { get; } = values;
}
