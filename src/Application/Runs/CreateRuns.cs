using System.Globalization;
using System.Text.Json;
using Gofer.Application.Access;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.Runs;

/// <summary>Creates one run.</summary>
public sealed record CreateRun(NamespaceScope Namespace, string Pipeline, NewRun Run, IdempotencyClaim? Claim) : IRequest<Result<CreateAnswer>>;

/// <summary>Creates many runs of one pipeline, all or none.</summary>
public sealed record CreateRuns(NamespaceScope Namespace, string Pipeline, IReadOnlyList<NewRun> Runs, IdempotencyClaim? Claim) : IRequest<Result<CreateAnswer>>
{
    /// <summary>The most runs of one request.</summary>
    public const int MaxRuns = 1000;
}

/// <summary>The answer to a batch.</summary>
public sealed record RunBatchView(IReadOnlyList<RunView> Items);

internal sealed class CreateRunHandler(IGoferDb db, IRunWriter writer) : IRequestHandler<CreateRun, Result<CreateAnswer>>
{
    public async Task<Result<CreateAnswer>> Handle(CreateRun request, CancellationToken cancellationToken)
    {
        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Pipeline, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        return await writer.CreateAsync(
            new CreateOrder(pipeline.Value.NamespaceId, pipeline.Value.Id, [request.Run], request.Claim, rows =>
            {
                var run = rows.Single().View(request.Namespace.Name, request.Pipeline);
                return new StoredAnswer(201, Place(run), JsonSerializer.Serialize(run, GoferJson.Options));
            }),
            cancellationToken);
    }

    /// <summary>Where the run is read.</summary>
    public static string Place(RunView run) =>
        string.Create(CultureInfo.InvariantCulture, $"/api/v1/namespaces/{run.Namespace}/pipelines/{run.Pipeline}/runs/{run.Number}");
}

internal sealed class CreateRunsHandler(IGoferDb db, IRunWriter writer) : IRequestHandler<CreateRuns, Result<CreateAnswer>>
{
    public async Task<Result<CreateAnswer>> Handle(CreateRuns request, CancellationToken cancellationToken)
    {
        if (request.Runs.Count is 0 or > CreateRuns.MaxRuns)
        {
            return Error.Invalid("/runs", $"There are {request.Runs.Count} runs; from 1 to {CreateRuns.MaxRuns} are allowed.");
        }

        var pipeline = await db.FindPipelineAsync(request.Namespace, request.Pipeline, cancellationToken);
        if (!pipeline.IsOk) return pipeline.Error;
        return await writer.CreateAsync(
            new CreateOrder(pipeline.Value.NamespaceId, pipeline.Value.Id, request.Runs, request.Claim, rows => new StoredAnswer(
                201, null,
                JsonSerializer.Serialize(new RunBatchView([.. rows.Select(r => r.View(request.Namespace.Name, request.Pipeline))]), GoferJson.Options)))
            {
                IsBatch = true,
            },
            cancellationToken);
    }
}
