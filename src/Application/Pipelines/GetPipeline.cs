using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Pipelines;

/// <summary>Reads one pipeline.</summary>
public sealed record GetPipeline(NamespaceScope Namespace, string Name) : IRequest<Result<Tagged<PipelineView>>>;

internal sealed class GetPipelineHandler(IGoferDb db) : IRequestHandler<GetPipeline, Result<Tagged<PipelineView>>>
{
    public async Task<Result<Tagged<PipelineView>>> Handle(GetPipeline request, CancellationToken cancellationToken)
    {
        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Name, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        var head = await db.Heads.AsNoTracking().SingleAsync(h => h.PipelineId == pipeline.Value.Id, cancellationToken);
        return pipeline.Value.Tagged(head, request.Namespace.Name);
    }
}
