namespace Gofer.Domain.Audit;

/// <summary>What entries of the audit log are about. Types are added, never renamed; each has its line in the reference.</summary>
public static class AuditTypes
{
    /// <summary>A namespace was made.</summary>
    public const string NamespaceCreated = "namespace.created";

    /// <summary>A namespace's description, limit or weight was changed.</summary>
    public const string NamespaceUpdated = "namespace.updated";

    /// <summary>A namespace was deleted.</summary>
    public const string NamespaceDeleted = "namespace.deleted";

    /// <summary>A document became a version of a pipeline, which may have been made by that.</summary>
    public const string VersionRegistered = "version.registered";

    /// <summary>A version became the live one.</summary>
    public const string VersionDeployed = "version.deployed";

    /// <summary>A pipeline takes no new runs.</summary>
    public const string PipelinePaused = "pipeline.paused";

    /// <summary>A pipeline takes runs again.</summary>
    public const string PipelineResumed = "pipeline.resumed";

    /// <summary>A pipeline was deleted.</summary>
    public const string PipelineDeleted = "pipeline.deleted";

    /// <summary>A trigger was made.</summary>
    public const string TriggerCreated = "trigger.created";

    /// <summary>What a trigger does was changed, or it got another URL, or was enabled or disabled.</summary>
    public const string TriggerUpdated = "trigger.updated";

    /// <summary>A trigger was deleted.</summary>
    public const string TriggerDeleted = "trigger.deleted";

    /// <summary>Past times of a trigger are to be run.</summary>
    public const string BackfillCreated = "backfill.created";

    /// <summary>A backfill makes no more runs until it is resumed.</summary>
    public const string BackfillPaused = "backfill.paused";

    /// <summary>A backfill makes runs again.</summary>
    public const string BackfillResumed = "backfill.resumed";

    /// <summary>A backfill was cancelled, and its runs with it.</summary>
    public const string BackfillCancelled = "backfill.cancelled";

    /// <summary>An extension was installed.</summary>
    public const string ExtensionInstalled = "extension.installed";

    /// <summary>How an extension is run was changed, or it was enabled or disabled.</summary>
    public const string ExtensionUpdated = "extension.updated";

    /// <summary>An extension was uninstalled.</summary>
    public const string ExtensionUninstalled = "extension.uninstalled";

    /// <summary>A notification was made.</summary>
    public const string NotificationCreated = "notification.created";

    /// <summary>What a notification tells, or where, was changed, or it was enabled or disabled.</summary>
    public const string NotificationUpdated = "notification.updated";

    /// <summary>A notification was deleted.</summary>
    public const string NotificationDeleted = "notification.deleted";

    /// <summary>A version of a shared task was registered.</summary>
    public const string SharedTaskRegistered = "shared_task.registered";

    /// <summary>A shared task was deleted.</summary>
    public const string SharedTaskDeleted = "shared_task.deleted";

    /// <summary>A secret got a value.</summary>
    public const string SecretWritten = "secret.written";

    /// <summary>A secret was deleted.</summary>
    public const string SecretDeleted = "secret.deleted";

    /// <summary>What is sealed was wrapped with another key.</summary>
    public const string KeyRotated = "key.rotated";

    /// <summary>What was sealed with lost keys was deleted.</summary>
    public const string KeyLost = "key.lost";

    /// <summary>The first token of the install was made.</summary>
    public const string TokenBootstrapped = "token.bootstrapped";

    /// <summary>A token was made.</summary>
    public const string TokenCreated = "token.created";

    /// <summary>A token's name, roles or namespaces were changed, or it was disabled or enabled.</summary>
    public const string TokenUpdated = "token.updated";

    /// <summary>A token was revoked.</summary>
    public const string TokenDeleted = "token.deleted";

    /// <summary>A role was made.</summary>
    public const string RoleCreated = "role.created";

    /// <summary>What a role says was changed.</summary>
    public const string RoleUpdated = "role.updated";

    /// <summary>A role was deleted.</summary>
    public const string RoleDeleted = "role.deleted";

    /// <summary>What is set of the whole install was changed.</summary>
    public const string SystemUpdated = "system.updated";

    /// <summary>Somebody was refused.</summary>
    public const string AccessDenied = "access.denied";
}
