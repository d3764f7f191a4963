using Gofer.Domain.Common;
using Gofer.Domain.Objects;

namespace Gofer.Application.Objects;

/// <summary>
/// Which objects there are and where their bytes are. Everything is asked for by scope and key, and a scope is made of ids that a caller got from
/// a route that it may use: a question without one does not compile. Bytes that no object has are noted as garbage from before the first of them is
/// written, so a crash at any moment leaves nothing for good.
/// </summary>
public interface IObjectIndex
{
    /// <summary>What is known of an object; null where there is none.</summary>
    Task<ObjectInfo?> FindAsync(ObjectScope scope, string key, CancellationToken cancellationToken);

    /// <summary>The first <paramref name="take"/> objects of the scope whose keys come after <paramref name="after"/>, by the bytes of their keys.</summary>
    Task<IReadOnlyList<ObjectInfo>> ListAsync(ObjectScope scope, string after, int take, CancellationToken cancellationToken);

    /// <summary>An id for an upload that begins. It is garbage an hour from now unless <see cref="RenewAsync"/> or <see cref="CommitAsync"/> comes.</summary>
    Task<BlobId> ReserveAsync(CancellationToken cancellationToken);

    /// <summary>The upload goes on: another hour from now.</summary>
    Task RenewAsync(BlobId blob, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the bytes the object's, whole and at once: who reads sees what was before or this. Of the scope's objects the newest
    /// <paramref name="most"/> stay, others go. The error is a condition that does not hold, or that the upload was given up; then nothing has changed.
    /// </summary>
    Task<Result<CommittedObject>> CommitAsync(
        ObjectScope scope, string key, UploadedObject uploaded, ObjectCondition condition, int most, CancellationToken cancellationToken);

    /// <summary>Deletes an object; false where there is none. Its bytes are gone from the store with the answer, or where that does not answer, once it does.</summary>
    Task<Result<bool>> DeleteAsync(ObjectScope scope, string key, ObjectCondition condition, CancellationToken cancellationToken);

    /// <summary>Deletes bytes that no object has, at once.</summary>
    Task DiscardAsync(BlobId blob, CancellationToken cancellationToken);
}

/// <summary>What is known of an object.</summary>
/// <param name="Key">Its name in its scope.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Sha256">The digest of its bytes, 32 bytes.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it got these bytes.</param>
/// <param name="Blob">Where its bytes are.</param>
public sealed record ObjectInfo(string Key, long Size, byte[] Sha256, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, BlobId Blob)
{
    /// <summary>Its entity tag: the digest.</summary>
    public string Tag => $"\"{Convert.ToHexStringLower(Sha256)}\"";
}

/// <summary>Bytes that are in the store and no object's yet.</summary>
public sealed record UploadedObject(BlobId Blob, long Size, byte[] Sha256);

/// <summary>The object as it is now, whether it was made just now, and the keys of those that had to go for it.</summary>
public sealed record CommittedObject(ObjectInfo Object, bool Created, IReadOnlyList<string> Evicted);

/// <summary>What a caller demands of the object that is there: one of the tags of <paramref name="IfMatch"/>, or that there is <paramref name="None"/>.</summary>
public sealed record ObjectCondition(string? IfMatch, bool None)
{
    /// <summary>Nothing.</summary>
    public static ObjectCondition Any { get; } = new(null, false);

    /// <summary>Why what is there is not as demanded, or null.</summary>
    public Error? Refuse(ObjectInfo? present)
    {
        if (None && present is not null) return Refused($"There is an object '{present.Key}' already, and If-None-Match asks for none.");
        if (IfMatch is null) return null;
        if (present is null) return Refused("If-Match asks for an object that exists, and there is none.");
        return IfMatch == "*" || IfMatch.Split(',', StringSplitOptions.TrimEntries).Contains(present.Tag)
            ? null
            : Refused($"It has changed: its entity tag is now {present.Tag}.");
    }

    private static Error Refused(string message) => new(ErrorKind.Stale, ErrorCodes.PreconditionFailed, message);
}
