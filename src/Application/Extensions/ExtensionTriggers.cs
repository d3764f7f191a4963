using Gofer.Application.Common;
using Gofer.Application.Triggers;
using Gofer.Domain.Common;
using Gofer.Domain.Extensions;
using Gofer.Domain.Triggers;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Extensions;

/// <summary>What extensions and triggers have to do with each other.</summary>
internal static class ExtensionTriggers
{
    /// <summary>
    /// What is wrong with a trigger that subscribes to an extension; null where nothing is. Of one that never said what it takes only its name is judged: it refuses what it does
    /// not take when it is subscribed, and the trigger shows that.
    /// </summary>
    public static async Task<Error?> RefuseAsync(IGoferDb db, ExtensionRule rule, string at, CancellationToken cancellationToken)
    {
        var found = await db.FindExtensionAsync(rule.Name, cancellationToken);
        if (!found.IsOk) return Error.Invalid($"{at}/extension", found.Error.Message);
        var status = await db.ExtensionStatuses.AsNoTracking().SingleOrDefaultAsync(s => s.ExtensionId == found.Value.Id, cancellationToken);
        if (status.Describes() is not { } description) return null;
        var faults = new FaultList();
        foreach (var (name, message) in ExtensionSettings.Check(rule.With, description.Params)) faults.Invalid(Fault.At($"{at}/with", name), message);
        return faults.ToError();
    }

    /// <summary>The trigger with what became of its subscription.</summary>
    public static async Task<Tagged<TriggerView>> WithSubscriptionAsync(this IGoferDb db, Trigger trigger, Tagged<TriggerView> tagged, CancellationToken cancellationToken)
    {
        if (trigger.Extension is not { } name || !trigger.Enabled) return tagged;
        var extension = await db.Extensions.AsNoTracking().SingleOrDefaultAsync(e => e.Name == name, cancellationToken);
        if (extension is not { Enabled: true })
        {
            return With(SubscriptionState.Missing, extension is null ? $"There is no extension '{name}'." : $"The extension '{name}' is disabled.");
        }

        var row = await db.Subscriptions.AsNoTracking().SingleOrDefaultAsync(s => s.TriggerId == trigger.Id && s.ExtensionId == extension.Id, cancellationToken);
        if (row is { State: SubscriptionState.Refused }) return With(row.State, row.Message);
        var status = await db.ExtensionStatuses.AsNoTracking().SingleOrDefaultAsync(s => s.ExtensionId == extension.Id, cancellationToken);
        return status is { State: ExtensionState.Running }
            ? With(row?.State ?? SubscriptionState.Pending, row?.Message)
            : With(SubscriptionState.Pending, $"The extension '{name}' does not run now. 'gofer extension get {name}' says why, to who may read it.");

        Tagged<TriggerView> With(SubscriptionState state, string? message) => tagged with { View = tagged.View with { Subscription = new SubscriptionView(state, message) } };
    }
}
