using System.Text.Json;
using System.Text.Json.Serialization;
using Refit;

namespace Gofer.Client;

/// <summary>
/// The API of a Gofer server: one interface for each group of operations, and the event streams as <see cref="IAsyncEnumerable{T}"/>. Safe
/// to share; a refusal arrives as <see cref="ApiException"/>, whose <see cref="Problems.Problem"/> says what and why. A name that is empty,
/// '.' or '..' is an <see cref="ArgumentException"/> and nothing is sent, since such a path leads to another resource.
/// </summary>
public sealed class GoferClient
{
    private readonly IPlansApi _plans;

    /// <summary>Over an <see cref="HttpClient"/> whose <see cref="HttpClient.BaseAddress"/> is the server.</summary>
    public GoferClient(HttpClient http)
    {
        var settings = new RefitSettings(new SystemTextJsonContentSerializer(Json), new PathValues());
        Namespaces = RestService.ForGenerated<INamespacesApi>(http, settings);
        Pipelines = RestService.ForGenerated<IPipelinesApi>(http, settings);
        Versions = RestService.ForGenerated<IVersionsApi>(http, settings);
        Runs = RestService.ForGenerated<IRunsApi>(http, settings);
        Tasks = RestService.ForGenerated<ITasksApi>(http, settings);
        Logs = RestService.ForGenerated<ILogsApi>(http, settings);
        Secrets = RestService.ForGenerated<ISecretsApi>(http, settings);
        System = RestService.ForGenerated<ISystemApi>(http, settings);
        Tokens = RestService.ForGenerated<ITokensApi>(http, settings);
        Roles = RestService.ForGenerated<IRolesApi>(http, settings);
        Audit = RestService.ForGenerated<IAuditApi>(http, settings);
        Objects = RestService.ForGenerated<IObjectsApi>(http, settings);
        Triggers = RestService.ForGenerated<ITriggersApi>(http, settings);
        Extensions = RestService.ForGenerated<IExtensionsApi>(http, settings);
        Notifications = RestService.ForGenerated<INotificationsApi>(http, settings);
        SharedTasks = RestService.ForGenerated<ISharedTasksApi>(http, settings);
        Streams = new GoferStreams(http);
        Bytes = new GoferObjects(http);
        _plans = RestService.ForGenerated<IPlansApi>(http, settings);
    }

    /// <summary>Namespaces.</summary>
    public INamespacesApi Namespaces { get; }

    /// <summary>Pipelines.</summary>
    public IPipelinesApi Pipelines { get; }

    /// <summary>Versions of pipelines.</summary>
    public IVersionsApi Versions { get; }

    /// <summary>Runs.</summary>
    public IRunsApi Runs { get; }

    /// <summary>Tasks of runs.</summary>
    public ITasksApi Tasks { get; }

    /// <summary>Output, as it was.</summary>
    public ILogsApi Logs { get; }

    /// <summary>Secrets, whose values go in and never come out.</summary>
    public ISecretsApi Secrets { get; }

    /// <summary>Tokens, whose texts are in the answers that made them alone.</summary>
    public ITokensApi Tokens { get; }

    /// <summary>Roles: what tokens allow.</summary>
    public IRolesApi Roles { get; }

    /// <summary>The audit log; <see cref="GoferStreams.AuditAsync"/> follows it.</summary>
    public IAuditApi Audit { get; }

    /// <summary>Objects, but for their bytes: see <see cref="Bytes"/>.</summary>
    public IObjectsApi Objects { get; }

    /// <summary>What runs pipelines by itself, and the ledger of what came.</summary>
    public ITriggersApi Triggers { get; }

    /// <summary>Programs of others that bring kinds of triggers.</summary>
    public IExtensionsApi Extensions { get; }

    /// <summary>Who is told of how runs ended, and the ledger of what was told.</summary>
    public INotificationsApi Notifications { get; }

    /// <summary>Task definitions that pipelines share.</summary>
    public ISharedTasksApi SharedTasks { get; }

    /// <summary>The server itself.</summary>
    public ISystemApi System { get; }

    /// <summary>What is followed live.</summary>
    public GoferStreams Streams { get; }

    /// <summary>The bytes of objects, up and down.</summary>
    public GoferObjects Bytes { get; }

    /// <summary>What a rerun would do; nothing is done.</summary>
    public Task<RerunPlanView> PlanRerunAsync(string @namespace, string pipeline, string run, RerunBody body, CancellationToken cancellationToken = default) =>
        _plans.PlanRerunAsync(@namespace, pipeline, run, body, cancellationToken);

    /// <summary>What a replay of an event would do; nothing is done.</summary>
    public Task<ReplayPlanView> PlanReplayAsync(string @namespace, string pipeline, string id, ReplayBody body, CancellationToken cancellationToken = default) =>
        _plans.PlanReplayAsync(@namespace, pipeline, id, body, cancellationToken);

    /// <summary>What a backfill would run; nothing is done.</summary>
    public Task<BackfillPlanView> PlanBackfillAsync(string @namespace, string pipeline, string trigger, BackfillBody body, CancellationToken cancellationToken = default) =>
        _plans.PlanBackfillAsync(@namespace, pipeline, trigger, body, cancellationToken);

    /// <summary>Makes a trigger, or replaces what it does, of JSON as its author wrote it: what is wrong with it is for the server to say.</summary>
    public Task<TriggerView> PutTriggerAsync(string @namespace, string pipeline, string trigger, System.Text.Json.Nodes.JsonObject body, CancellationToken cancellationToken = default) =>
        _plans.PutTriggerAsync(@namespace, pipeline, trigger, body, cancellationToken);

    /// <summary>The same for a notification of a pipeline, or of the namespace where <paramref name="pipeline"/> is null.</summary>
    public Task<NotificationView> PutNotificationAsync(
        string @namespace, string? pipeline, string notification, System.Text.Json.Nodes.JsonObject body, CancellationToken cancellationToken = default) => pipeline is null
        ? _plans.PutNamespaceNotificationAsync(@namespace, notification, body, cancellationToken)
        : _plans.PutNotificationAsync(@namespace, pipeline, notification, body, cancellationToken);

    /// <summary>Installs an extension, of JSON as its author wrote it.</summary>
    public Task<ExtensionView> InstallExtensionAsync(System.Text.Json.Nodes.JsonObject body, CancellationToken cancellationToken = default) => _plans.InstallExtensionAsync(body, cancellationToken);

    /// <summary>Changes an extension: what the JSON leaves away stays, and null takes a member away.</summary>
    public Task<ExtensionView> UpdateExtensionAsync(string extension, System.Text.Json.Nodes.JsonObject body, CancellationToken cancellationToken = default) =>
        _plans.UpdateExtensionAsync(extension, body, cancellationToken);

    /// <summary>
    /// Registers a version of a shared task of the namespace, or of the install where <paramref name="namespace"/> is null, of JSON as its author wrote it: what is
    /// wrong with it is for the server to say.
    /// </summary>
    public Task<SharedTaskRegistrationView> PutSharedTaskAsync(
        string? @namespace, string shared, System.Text.Json.Nodes.JsonObject body, CancellationToken cancellationToken = default) => @namespace is null
        ? _plans.PutSharedTaskAsync(shared, body, cancellationToken)
        : _plans.PutNamespaceSharedTaskAsync(@namespace, shared, body, cancellationToken);

    /// <summary>JSON as the server has it.</summary>
    internal static JsonSerializerOptions Json { get; } = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
}

/// <summary>Reads what a refusal says.</summary>
public static class Problems
{
    /// <summary>The problem document of a refusal; null where the answer was none of the server's, such as a proxy's page.</summary>
    public static ProblemBody? Problem(this ApiException e)
    {
        ArgumentNullException.ThrowIfNull(e);
        try
        {
            return e.Content is { Length: > 0 } content ? JsonSerializer.Deserialize<ProblemBody>(content, GoferClient.Json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
