using System.Text.Json;
using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Application.Extensions;
using Gofer.Application.Notifications;
using Gofer.Application.SharedTasks;
using Gofer.Application.Triggers;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Triggers;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Pipelines;

/// <summary>
/// The triggers and notifications that a document declares. They are those of the pipeline while the version is live: what the API made beside them is never
/// touched, and of a list that the document leaves away neither is what an earlier one declared. All of it under the lock of the pipeline's head.
/// </summary>
internal sealed class DocumentSettings(IGoferDb db, AuditTrail audit, CurrentCaller caller, SharedTaskUses shared, ITriggerQueue queue, TimeProvider clock)
{
    /// <summary>
    /// What stands in the way of making the document live as that version; null where nothing does. Asked of one that is only registered too: what could never be
    /// deployed is refused while its author looks. A pipeline that a trigger follows must be there where the document is new, and may be gone where a version comes back.
    /// </summary>
    public async Task<Error?> RefuseAsync(PipelinePlace place, PipelineDocument document, int version, bool isNew, CancellationToken cancellationToken)
    {
        if (await shared.RefuseAsync(place.Home, document, cancellationToken) is { } unusable) return unusable;
        if (document.Triggers is { Count: > 0 } triggers && await RefuseAsync(place, triggers, version, isNew, cancellationToken) is { } wrong) return wrong;
        if (document.Notifications is not { Count: > 0 } notifications) return null;
        var made = await db.Notifications.Where(n => n.PipelineId == place.Id && n.Source == NotificationSource.Api).Select(n => n.Name).ToListAsync(cancellationToken);
        if (notifications.FirstOrDefault(n => made.Contains(n.Id)) is { } taken)
        {
            return new Error(
                ErrorKind.Conflict, ErrorCodes.NotificationExists,
                $"The document declares the notification '{taken.Id}', and the API made one of that name. Delete that one first, or name the document's otherwise.");
        }

        return made.Count + notifications.Count <= NotificationDefinition.MaxCount
            ? null
            : Error.Invalid("/notifications", $"The API made {made.Count} notifications beside the document's {notifications.Count}; at most {NotificationDefinition.MaxCount} are allowed together.");
    }

    /// <summary>Puts them in force. The pipeline's row is there.</summary>
    public async Task ApplyAsync(PipelinePlace place, PipelineDocument document, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (document.Triggers is { } triggers) await ApplyAsync(place, triggers, now, cancellationToken);
        if (document.Notifications is { } notifications) await ApplyAsync(place, notifications, now, cancellationToken);
    }

    /// <summary>Says after the commit that there may be more to do than anybody thought.</summary>
    public void Wake(PipelineDocument document)
    {
        if (document.Triggers is not null || document.Notifications is not null) queue.Wake();
    }

    private async Task<Error?> RefuseAsync(PipelinePlace place, IReadOnlyList<DeclaredTrigger> declared, int version, bool isNew, CancellationToken cancellationToken)
    {
        var there = await db.Triggers.AsNoTracking().Where(t => t.PipelineId == place.Id).ToDictionaryAsync(t => t.Name, cancellationToken);
        var made = there.Values.Count(t => t.Source == TriggerSource.Api);
        if (made + declared.Count > Trigger.MaxCount)
        {
            return Error.Invalid("/triggers", $"The API made {made} triggers beside the document's {declared.Count}; at most {Trigger.MaxCount} are allowed together.");
        }

        var faults = new FaultList();
        for (var i = 0; i < declared.Count; i++)
        {
            var (definition, at) = (declared[i].Definition, Fault.At("/triggers", FormattableString.Invariant($"{i}")));
            var old = there.GetValueOrDefault(definition.Id);
            if (old?.Source == TriggerSource.Api)
            {
                return new Error(
                    ErrorKind.Conflict, ErrorCodes.TriggerExists,
                    $"The document declares the trigger '{definition.Id}', and the API made one of that name. Delete that one first, or name the document's otherwise.");
            }

            if (definition.Version > version) faults.Invalid(Fault.At(at, "version"), $"The pipeline has no version {definition.Version}; its versions are 1 to {version}.");
            if (isNew && definition.Extension is { } rule && await ExtensionTriggers.RefuseAsync(db, rule, at, cancellationToken) is { } unfit)
            {
                foreach (var fault in unfit.Faults ?? []) faults.Invalid(fault.Pointer, fault.Message);
            }

            // What it follows already nobody is asked about again: a document that is registered once more, unchanged, is as good as it was.
            if (definition.Upstream is not { } upstream || (old?.UpstreamPipeline == upstream.Pipeline && old.UpstreamNamespace == (upstream.Namespace ?? place.Namespace))) continue;
            if (await TriggerRules.RefuseAsync(db, caller.Caller, (place.Namespace, place.Pipeline), definition.Id, upstream, isNew, cancellationToken) is { } wrong)
            {
                faults.Invalid(Fault.At(at, wrong.Member), wrong.Message);
            }
        }

        return faults.ToError();
    }

    private async Task ApplyAsync(PipelinePlace place, IReadOnlyList<DeclaredTrigger> declared, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var there = await db.Triggers.Where(t => t.PipelineId == place.Id && t.Source == TriggerSource.Document).ToDictionaryAsync(t => t.Name, cancellationToken);
        foreach (var gone in there.Values.ExceptBy(declared.Select(d => d.Definition.Id), t => t.Name))
        {
            db.Triggers.Remove(gone);
            audit.Note(AuditTypes.TriggerDeleted, place.Target(gone.Name));
        }

        foreach (var (definition, enabled) in declared)
        {
            var created = !there.TryGetValue(definition.Id, out var trigger);
            if (trigger is null)
            {
                trigger = new Trigger(new TriggerId(Guid.CreateVersion7(now)), place.Home, place.Id, definition.Id, TriggerSource.Document, now);
                db.Triggers.Add(trigger);
            }

            if (!trigger.Define(definition, enabled ?? trigger.Enabled, TriggerSource.Document, place.Namespace, now)) continue;
            audit.Note(created ? AuditTypes.TriggerCreated : AuditTypes.TriggerUpdated, place.Target(trigger.Name), JsonDocument.Parse(trigger.Definition).RootElement);
        }
    }

    private async Task ApplyAsync(PipelinePlace place, IReadOnlyList<NotificationDefinition> declared, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var there = await db.Notifications.Where(n => n.PipelineId == place.Id && n.Source == NotificationSource.Document).ToDictionaryAsync(n => n.Name, cancellationToken);
        foreach (var gone in there.Values.ExceptBy(declared.Select(d => d.Id), n => n.Name))
        {
            db.Notifications.Remove(gone);
            audit.Note(AuditTypes.NotificationDeleted, place.Target(gone.Name));
        }

        foreach (var definition in declared)
        {
            var created = !there.TryGetValue(definition.Id, out var notification);
            if (notification is null)
            {
                notification = new Notification(new NotificationId(Guid.CreateVersion7(now)), place.Home, place.Id, definition.Id, NotificationSource.Document, now);
                db.Notifications.Add(notification);
            }

            if (!notification.Define(definition, NotificationSource.Document, now)) continue;
            audit.Note(created ? AuditTypes.NotificationCreated : AuditTypes.NotificationUpdated, place.Target(notification.Name), notification.Facts());
        }
    }
}

/// <summary>A pipeline, by its names and by its ids.</summary>
internal sealed record PipelinePlace(string Namespace, string Pipeline, NamespaceId Home, PipelineId Id)
{
    /// <summary>Something of it, as the audit log names it.</summary>
    public AuditTarget Target(string subject) => new(Namespace, Pipeline, subject);
}
