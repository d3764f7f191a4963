using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Audit;
using Gofer.Domain.Secrets;

namespace Gofer.Application.Secrets;

/// <summary>A store in the database that has the audit log: a change and its entry are one transaction.</summary>
public interface IAuditedSecrets
{
    /// <inheritdoc cref="ISecretStore.PutAsync"/>
    Task<SecretInfo?> PutAsync(
        SecretScope scope, string key, SecretText value, IReadOnlyList<string>? namespaces, Func<SecretInfo, AuditEntry>? entry, CancellationToken cancellationToken);

    /// <inheritdoc cref="ISecretStore.DeleteAsync"/>
    Task<bool> DeleteAsync(SecretScope scope, string key, AuditEntry? entry, CancellationToken cancellationToken);
}

/// <summary>
/// Changes secrets and notes it. A store elsewhere is asked after an entry says so, and another says that it was done: no change is without an
/// entry, whatever happens in between.
/// </summary>
internal sealed class SecretChanges(ISecretStore store, IGoferDb db, AuditTrail audit)
{
    public async Task<SecretInfo?> PutAsync(
        SecretPlace place, SecretScope scope, string key, SecretText value, IReadOnlyList<string>? namespaces, CancellationToken cancellationToken)
    {
        if (store is IAuditedSecrets audited) return await audited.PutAsync(scope, key, value, namespaces, Written, cancellationToken);
        await NoteAsync(AuditTypes.SecretWritten, place, key, null, AuditOutcome.Asked, cancellationToken);
        if (await store.PutAsync(scope, key, value, namespaces, cancellationToken) is not { } put) return null;
        // It is done, so whoever asked may go.
        await NoteAsync(AuditTypes.SecretWritten, place, key, Data(put), AuditOutcome.Done, CancellationToken.None);
        return put;

        AuditEntry Written(SecretInfo info) => audit.Entry(AuditTypes.SecretWritten, Target(place, key), Data(info));
        object Data(SecretInfo info) => scope is SecretScope.Global ? new { info.Version, info.Namespaces } : new { info.Version };
    }

    public async Task<bool> DeleteAsync(SecretPlace place, SecretScope scope, string key, CancellationToken cancellationToken)
    {
        if (store is IAuditedSecrets audited) return await audited.DeleteAsync(scope, key, audit.Entry(AuditTypes.SecretDeleted, Target(place, key)), cancellationToken);
        await NoteAsync(AuditTypes.SecretDeleted, place, key, null, AuditOutcome.Asked, cancellationToken);
        if (!await store.DeleteAsync(scope, key, cancellationToken)) return false;
        await NoteAsync(AuditTypes.SecretDeleted, place, key, null, AuditOutcome.Done, CancellationToken.None);
        return true;
    }

    private static AuditTarget Target(SecretPlace place, string key) => new(place.Namespace?.Name, place.Pipeline, key);

    private async Task NoteAsync(string type, SecretPlace place, string key, object? data, AuditOutcome outcome, CancellationToken cancellationToken)
    {
        db.Audit.Add(audit.Entry(type, Target(place, key), data, outcome));
        await db.SaveChangesAsync(cancellationToken);
    }
}
