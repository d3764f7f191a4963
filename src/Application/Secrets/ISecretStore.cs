using Gofer.Domain.Secrets;

namespace Gofer.Application.Secrets;

/// <summary>
/// Keeps secrets. Everything is asked for by scope and key, and a scope is made of ids that a caller got from a route that it may use: a question
/// without one does not compile. Values go in, and come out only by <see cref="ReadAsync"/>, which <see cref="SecretReferences"/> calls and nothing else.
/// One contract suite proves every implementation.
/// </summary>
public interface ISecretStore
{
    /// <summary>What is known of a secret but its value; null where there is none.</summary>
    /// <exception cref="Common.StoreUnavailableException">The store does not answer; try again.</exception>
    Task<SecretInfo?> FindAsync(SecretScope scope, string key, CancellationToken cancellationToken);

    /// <summary>The secret with its value; null where there is none.</summary>
    /// <exception cref="UnreadableSecretException">It is there and does not open.</exception>
    /// <exception cref="Common.StoreUnavailableException">The store does not answer; try again.</exception>
    Task<StoredSecret?> ReadAsync(SecretScope scope, string key, CancellationToken cancellationToken);

    /// <summary>
    /// Gives a secret a value, under the next version; version 1 where it is new. <paramref name="namespaces"/> are the patterns of the namespaces
    /// that a global one is for; null keeps them, and is answered with null where there is none yet.
    /// </summary>
    /// <exception cref="Common.StoreUnavailableException">The store does not answer; whether it was written is not known.</exception>
    Task<SecretInfo?> PutAsync(SecretScope scope, string key, SecretText value, IReadOnlyList<string>? namespaces, CancellationToken cancellationToken);

    /// <summary>Deletes a secret with all that is known of it; false where there was none.</summary>
    /// <exception cref="Common.StoreUnavailableException">The store does not answer; try again.</exception>
    Task<bool> DeleteAsync(SecretScope scope, string key, CancellationToken cancellationToken);

    /// <summary>The first <paramref name="take"/> secrets of the scope whose keys come after <paramref name="after"/>, by the bytes of their keys.</summary>
    /// <exception cref="Common.StoreUnavailableException">The store does not answer; try again.</exception>
    Task<IReadOnlyList<SecretInfo>> ListAsync(SecretScope scope, string after, int take, CancellationToken cancellationToken);
}

/// <summary>What is known of a secret but its value.</summary>
/// <param name="Key">Its name in its scope.</param>
/// <param name="Version">Counts its values from 1.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it got this value.</param>
/// <param name="Namespaces">Patterns of the namespaces that a global secret is for; empty for others.</param>
public sealed record SecretInfo(string Key, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, IReadOnlyList<string> Namespaces);

/// <summary>A secret with its value.</summary>
public sealed record StoredSecret(SecretInfo Info, SecretText Value);

/// <summary>A secret is there and cannot be read; the message says why and what to do, and holds nothing of its value.</summary>
public sealed class UnreadableSecretException(string message) : Exception(message);
