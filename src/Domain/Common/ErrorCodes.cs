namespace Gofer.Domain.Common;

/// <summary>Every code that a problem document may carry. Codes are added, never renamed; each has its page in the reference.</summary>
public static class ErrorCodes
{
    /// <summary>Not JSON, a member of the wrong type, a duplicate member, a NUL in a string, or a bad cursor.</summary>
    public const string MalformedRequest = "malformed_request";

    /// <summary>Well-formed and refused; <c>errors</c> says where and why. Unknown members too.</summary>
    public const string ValidationFailed = "validation_failed";

    /// <summary>A known member of the pipeline document whose behaviour this version does not have.</summary>
    public const string NotSupported = "not_supported";

    /// <summary>No namespace has that name.</summary>
    public const string NamespaceNotFound = "namespace_not_found";

    /// <summary>A namespace of that name exists already.</summary>
    public const string NamespaceExists = "namespace_exists";

    /// <summary>No pipeline has that name in the namespace.</summary>
    public const string PipelineNotFound = "pipeline_not_found";

    /// <summary>The pipeline has no version of that number.</summary>
    public const string VersionNotFound = "version_not_found";

    /// <summary>The pipeline has no run of that number.</summary>
    public const string RunNotFound = "run_not_found";

    /// <summary>The run's version has no task of that id.</summary>
    public const string TaskNotFound = "task_not_found";

    /// <summary>There is no secret of that key in the pipeline, the namespace or the install.</summary>
    public const string SecretNotFound = "secret_not_found";

    /// <summary>There is no object of that key in the pipeline or the run.</summary>
    public const string ObjectNotFound = "object_not_found";

    /// <summary>No token has that id.</summary>
    public const string TokenNotFound = "token_not_found";

    /// <summary>There is no extension of that name.</summary>
    public const string ExtensionNotFound = "extension_not_found";

    /// <summary>There is an extension of that name already.</summary>
    public const string ExtensionExists = "extension_exists";

    /// <summary>The pipeline has no trigger of that name.</summary>
    public const string TriggerNotFound = "trigger_not_found";

    /// <summary>The pipeline has a trigger of that name already.</summary>
    public const string TriggerExists = "trigger_exists";

    /// <summary>The ledger has no event of that id.</summary>
    public const string TriggerEventNotFound = "trigger_event_not_found";

    /// <summary>The trigger is declared in the document of the live version, and only another version changes it.</summary>
    public const string TriggerOfDocument = "trigger_of_document";

    /// <summary>The trigger fires when something comes, and not by the clock.</summary>
    public const string TriggerHasNoSchedule = "trigger_has_no_schedule";

    /// <summary>The trigger is of a type without a URL.</summary>
    public const string TriggerHasNoUrl = "trigger_has_no_url";

    /// <summary>The pipeline has no backfill of that id.</summary>
    public const string BackfillNotFound = "backfill_not_found";

    /// <summary>The backfill has ended, or is about to.</summary>
    public const string BackfillEnded = "backfill_ended";

    /// <summary>The pipeline or namespace has no notification of that name.</summary>
    public const string NotificationNotFound = "notification_not_found";

    /// <summary>There is a notification of that name already.</summary>
    public const string NotificationExists = "notification_exists";

    /// <summary>The notification is declared in the document of the live version, and only another version changes it.</summary>
    public const string NotificationOfDocument = "notification_of_document";

    /// <summary>No trigger has that URL.</summary>
    public const string HookNotFound = "hook_not_found";

    /// <summary>The request to a trigger's URL is not signed as the trigger demands.</summary>
    public const string SignatureInvalid = "signature_invalid";

    /// <summary>No shared task has that name, or none a version that a <c>uses</c> asks for.</summary>
    public const string SharedTaskNotFound = "shared_task_not_found";

    /// <summary>The version of the shared task is registered with another content.</summary>
    public const string SharedTaskVersionExists = "shared_task_version_exists";

    /// <summary>The shared task is used by the live version of a pipeline, or by a run that has not ended.</summary>
    public const string SharedTaskInUse = "shared_task_in_use";

    /// <summary>No role has that name.</summary>
    public const string RoleNotFound = "role_not_found";

    /// <summary>No token was shown, or one that is unknown, expired, disabled or revoked, or no good one of the identity provider.</summary>
    public const string Unauthenticated = "unauthenticated";

    /// <summary>The caller's token does not allow that.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>More requests a second than a token, a namespace or an address may send.</summary>
    public const string RateLimited = "rate_limited";

    /// <summary>The first token of the install was made already.</summary>
    public const string AlreadyBootstrapped = "already_bootstrapped";

    /// <summary>The role is one that every install has and nobody changes.</summary>
    public const string RoleBuiltIn = "role_built_in";

    /// <summary>No route of the API has that path.</summary>
    public const string RouteNotFound = "route_not_found";

    /// <summary>The route exists, but not for that method.</summary>
    public const string MethodNotAllowed = "method_not_allowed";

    /// <summary>The pipeline is paused: it takes no new runs until it is resumed.</summary>
    public const string PipelinePaused = "pipeline_paused";

    /// <summary>The thing is still used: a namespace with pipelines, a pipeline with unfinished runs; <c>force=true</c> ends the use first.</summary>
    public const string InUse = "in_use";

    /// <summary>The run has not ended, and what was asked for needs one that has.</summary>
    public const string RunNotEnded = "run_not_ended";

    /// <summary>A rerun from what failed, of a run in which nothing did.</summary>
    public const string NothingToRerun = "nothing_to_rerun";

    /// <summary>The idempotency key was used for another request.</summary>
    public const string IdempotencyKeyReused = "idempotency_key_reused";

    /// <summary><c>If-Match</c> names another revision than the present one.</summary>
    public const string PreconditionFailed = "precondition_failed";

    /// <summary>The place to resume a stream from has expired.</summary>
    public const string CursorExpired = "cursor_expired";

    /// <summary>The body is larger than its limit.</summary>
    public const string PayloadTooLarge = "payload_too_large";

    /// <summary>The body came too slowly.</summary>
    public const string RequestTimeout = "request_timeout";

    /// <summary>The body is not <c>application/json</c>.</summary>
    public const string UnsupportedMediaType = "unsupported_media_type";

    /// <summary><c>Host</c> or <c>Origin</c> is not local, and the server runs without authentication.</summary>
    public const string ForeignOrigin = "foreign_origin";

    /// <summary>The database did not answer; the request changed nothing or may be repeated under its idempotency key.</summary>
    public const string DatabaseUnavailable = "database_unavailable";

    /// <summary>No container scheduler answers.</summary>
    public const string SchedulerUnavailable = "scheduler_unavailable";

    /// <summary>A store that the request needs, such as the one of secrets, does not answer.</summary>
    public const string StoreUnavailable = "store_unavailable";

    /// <summary>The identity provider does not say by which keys its tokens are known.</summary>
    public const string IdentityProviderUnavailable = "identity_provider_unavailable";

    /// <summary>A defect of the server; its log has the trace id.</summary>
    public const string InternalError = "internal_error";
}
