using System.Text;
using Gofer.Application.Secrets;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;
using Gofer.Domain.Secrets;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using V1 = Gofer.Store.V1;

namespace Gofer.Infrastructure.Stores;

/// <summary>
/// Secrets in a store that somebody else wrote. Only <see cref="ReadAsync"/> asks for a value. An answer about another secret than was asked for,
/// and one that cannot be, is a store that is away and not a secret.
/// </summary>
internal sealed class GrpcSecretStore(StoreChannel store, Func<Guid> install) : ISecretStore
{
    /// <summary>Secrets of one answer: of the longest names it stays far below the largest message.</summary>
    private const int AtOnce = 100;

    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <inheritdoc/>
    public async Task<SecretInfo?> FindAsync(SecretScope scope, string key, CancellationToken cancellationToken) =>
        await GetAsync(scope, key, withValue: false, cancellationToken) is { } found ? Info("SecretStore.Get", found.Secret, key) : null;

    /// <inheritdoc/>
    public async Task<StoredSecret?> ReadAsync(SecretScope scope, string key, CancellationToken cancellationToken)
    {
        if (await GetAsync(scope, key, withValue: true, cancellationToken) is not { } found) return null;
        var info = Info("SecretStore.Get", found.Secret, key);
        return Text(found.Value) is { } value
            ? new StoredSecret(info, value)
            : throw Unreadable(scope, key, $"is no text of 1 to {SecretText.MaxBytes} bytes without NUL");
    }

    /// <inheritdoc/>
    public async Task<SecretInfo?> PutAsync(
        SecretScope scope, string key, SecretText value, IReadOnlyList<string>? namespaces, CancellationToken cancellationToken)
    {
        var request = new V1.PutSecretRequest { Scope = Of(scope), Key = key, Value = ByteString.CopyFromUtf8(value.Reveal()) };
        // Others than global ones have none, so that a store need not tell the kinds apart.
        if (scope is not SecretScope.Global || namespaces is not null) request.Namespaces = new V1.NamespacePatterns { Patterns = { scope is SecretScope.Global ? namespaces : [] } };
        const string Call = "SecretStore.Put";
        if (await store.AskAsync(Call, o => store.Secrets.PutAsync(request, o), cancellationToken) is { } put) return Info(Call, put.Secret, key);
        return request.Namespaces is null ? null : throw store.Wrong(Call, "it does not find what it was given");
    }

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync(SecretScope scope, string key, CancellationToken cancellationToken)
    {
        var request = new V1.DeleteSecretRequest { Scope = Of(scope), Key = key };
        return await store.AskAsync("SecretStore.Delete", o => store.Secrets.DeleteAsync(request, o), cancellationToken) is { Deleted: true };
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SecretInfo>> ListAsync(SecretScope scope, string after, int take, CancellationToken cancellationToken)
    {
        const string Call = "SecretStore.List";
        var found = new List<SecretInfo>();
        while (found.Count < take)
        {
            var request = new V1.ListSecretsRequest { Scope = Of(scope), After = after, Limit = Math.Min(take - found.Count, AtOnce) };
            var answer = await store.AskAsync(Call, o => store.Secrets.ListAsync(request, o), cancellationToken) ?? throw store.Wrong(Call, "a scope without secrets has an empty list");
            if (answer.Secrets.Count > request.Limit) throw store.Wrong(Call, "there are more secrets than were asked for");
            foreach (var secret in answer.Secrets)
            {
                if (!Slug.IsValid(secret.Key) || string.CompareOrdinal(secret.Key, after) <= 0) throw store.Wrong(Call, "its keys are no keys, or out of order");
                found.Add(Info(Call, secret, after = secret.Key));
            }

            if (answer.Secrets.Count < request.Limit) break;
        }

        return found;
    }

    private Task<V1.GetSecretResponse?> GetAsync(SecretScope scope, string key, bool withValue, CancellationToken cancellationToken)
    {
        var request = new V1.GetSecretRequest { Scope = Of(scope), Key = key, WithValue = withValue };
        return store.AskAsync("SecretStore.Get", o => store.Secrets.GetAsync(request, o), cancellationToken, lost: () => Unreadable(scope, key, "cannot be read there any more"));
    }

    private V1.SecretScope Of(SecretScope scope) => new() { Install = install().ToString(), Kind = scope.Kind, Owner = scope.Owner.ToString() };

    private SecretInfo Info(string call, V1.Secret? secret, string key)
    {
        if (secret?.Key != key) throw store.Wrong(call, "it is not about the secret that was asked for");
        if (secret.Version < 1) throw store.Wrong(call, "versions count from 1");
        if (secret.Namespaces.Count > NamespacePattern.MaxCount || secret.Namespaces.Any(p => NamespacePattern.Complaint(p) is not null)) throw store.Wrong(call, "its namespaces are no patterns");
        if (Time(secret.CreatedAt) is not { } created || Time(secret.UpdatedAt) is not { } updated) throw store.Wrong(call, "its times are none");
        return new SecretInfo(key, secret.Version, created, updated, [.. secret.Namespaces]);
    }

    private static DateTimeOffset? Time(Timestamp? time)
    {
        try
        {
            return time?.ToDateTimeOffset();
        }
        catch (InvalidOperationException)
        {
            return null; // before the year 1, or after 9999
        }
    }

    private static SecretText? Text(ByteString value)
    {
        if (value.Length > SecretText.MaxBytes) return null;
        try
        {
            return SecretText.Of(s_strict.GetString(value.Span)) is { IsOk: true } text ? text.Value : null;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private UnreadableSecretException Unreadable(SecretScope scope, string key, string what) => new($"The {scope.Kind} secret '{key}' in the store at {store.Address} {what}. Set it again.");
}
