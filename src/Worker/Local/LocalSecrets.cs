using Gofer.Application.Queue;
using Gofer.Application.Secrets;
using Gofer.Domain.Common;

namespace Gofer.Worker.Local;

/// <summary>The secrets and objects of a local run: those that its order came with. One that is missing was said before anything started.</summary>
internal sealed class LocalSecrets(LocalOrder order) : ITaskSecrets
{
    private readonly ResolvedSecrets _secrets = new(order.Substitutes);

    public Task<Result<ResolvedSecrets>?> ResolveAsync(ClaimedTask task, CancellationToken cancellationToken) =>
        Task.FromResult<Result<ResolvedSecrets>?>(_secrets);

    public Task ForgetAsync(ClaimedTask task, CancellationToken cancellationToken) => Task.CompletedTask;
}
