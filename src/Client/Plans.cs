using System.Text.Json.Nodes;
using Refit;

namespace Gofer.Client;

/// <summary>Operations that one generated method cannot have: those that answer something else where they only say what they would do, and a body as it was written.</summary>
internal interface IPlansApi
{
    [Post("/api/v1/namespaces/{namespace}/pipelines/{pipeline}/runs/{run}/rerun?dry_run=true")]
    [Headers("Accept: application/json")]
    Task<RerunPlanView> PlanRerunAsync(string @namespace, string pipeline, string run, [Body] RerunBody body, CancellationToken cancellationToken = default);

    [Post("/api/v1/namespaces/{namespace}/pipelines/{pipeline}/trigger-events/{id}/replay?dry_run=true")]
    [Headers("Accept: application/json")]
    Task<ReplayPlanView> PlanReplayAsync(string @namespace, string pipeline, string id, [Body] ReplayBody body, CancellationToken cancellationToken = default);

    [Post("/api/v1/namespaces/{namespace}/pipelines/{pipeline}/triggers/{trigger}/backfills?dry_run=true")]
    [Headers("Accept: application/json")]
    Task<BackfillPlanView> PlanBackfillAsync(string @namespace, string pipeline, string trigger, [Body] BackfillBody body, CancellationToken cancellationToken = default);

    [Put("/api/v1/namespaces/{namespace}/pipelines/{pipeline}/triggers/{trigger}")]
    [Headers("Accept: application/json")]
    Task<TriggerView> PutTriggerAsync(string @namespace, string pipeline, string trigger, [Body] JsonObject body, CancellationToken cancellationToken = default);

    [Put("/api/v1/namespaces/{namespace}/pipelines/{pipeline}/notifications/{notification}")]
    [Headers("Accept: application/json")]
    Task<NotificationView> PutNotificationAsync(string @namespace, string pipeline, string notification, [Body] JsonObject body, CancellationToken cancellationToken = default);

    [Put("/api/v1/namespaces/{namespace}/notifications/{notification}")]
    [Headers("Accept: application/json")]
    Task<NotificationView> PutNamespaceNotificationAsync(string @namespace, string notification, [Body] JsonObject body, CancellationToken cancellationToken = default);

    [Post("/api/v1/extensions")]
    [Headers("Accept: application/json")]
    Task<ExtensionView> InstallExtensionAsync([Body] JsonObject body, CancellationToken cancellationToken = default);

    [Patch("/api/v1/extensions/{extension}")]
    [Headers("Accept: application/json")]
    Task<ExtensionView> UpdateExtensionAsync(string extension, [Body] JsonObject body, CancellationToken cancellationToken = default);

    [Put("/api/v1/shared-tasks/{shared}")]
    [Headers("Accept: application/json")]
    Task<SharedTaskRegistrationView> PutSharedTaskAsync(string shared, [Body] JsonObject body, CancellationToken cancellationToken = default);

    [Put("/api/v1/namespaces/{namespace}/shared-tasks/{shared}")]
    [Headers("Accept: application/json")]
    Task<SharedTaskRegistrationView> PutNamespaceSharedTaskAsync(string @namespace, string shared, [Body] JsonObject body, CancellationToken cancellationToken = default);
}
