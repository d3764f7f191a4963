using Gofer.Application.Common;
using Gofer.Application.Pipelines;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Runs;

/// <summary>Cancels a run; answers it as it is then. Again, or on an ended run, nothing changes.</summary>
public sealed record CancelRun(RunPath Path, string? Reason) : IRequest<Result<RunView>>
{
    /// <summary>The longest reason, in characters.</summary>
    public const int MaxReason = 1000;
}

internal sealed class CancelRunHandler(IGoferDb db, IVersionGraphs versions, IRunWriter writer) : IRequestHandler<CancelRun, Result<RunView>>
{
    public async Task<Result<RunView>> Handle(CancelRun request, CancellationToken cancellationToken)
    {
        var scope = await db.FindRunAsync(versions, request.Path, cancellationToken);
        if (!scope.IsOk) return scope.Error;
        var cancelled = await writer.CancelAsync(scope.Value.Run.Id, request.Reason, cancellationToken);
        if (!cancelled.IsOk) return cancelled.Error;
        var now = await db.FindRunAsync(versions, request.Path with { Run = scope.Value.Run.Number.ToString(System.Globalization.CultureInfo.InvariantCulture) }, cancellationToken);
        return now.IsOk ? now.Value.View() : now.Error;
    }
}
