using Refit;

namespace Gofer.Client;

/// <summary>Operations that answer something else where they only say what they would do, which one generated method cannot.</summary>
internal interface IPlansApi
{
    [Post("/api/v1/namespaces/{namespace}/pipelines/{pipeline}/runs/{run}/rerun?dry_run=true")]
    [Headers("Accept: application/json")]
    Task<RerunPlanView> PlanRerunAsync(string @namespace, string pipeline, string run, [Body] RerunBody body, CancellationToken cancellationToken = default);
}
