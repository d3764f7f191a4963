using Gofer.Domain.Common;

namespace Gofer.Application.Objects;

/// <summary>
/// Keeps bytes under ids that Gofer makes, one for each upload, so nothing is ever written over and no name of a caller reaches a store. Which
/// objects there are is not its business: <see cref="IObjectIndex"/> knows. One contract suite proves every implementation.
/// </summary>
public interface IObjectStore
{
    /// <summary>What it is and where, in a word: processes of one install have the same.</summary>
    string Place { get; }

    /// <summary>
    /// Keeps what <paramref name="content"/> has, read once to its end with constant memory. Where this throws, whatever the reason, pieces may be
    /// left behind until <see cref="DeleteAsync"/>.
    /// </summary>
    /// <exception cref="Common.StoreUnavailableException">The store does not answer.</exception>
    Task WriteAsync(BlobId blob, Stream content, CancellationToken cancellationToken);

    /// <summary>The bytes from <paramref name="offset"/> on, which is not behind their end; null where there are none of that id.</summary>
    /// <exception cref="Common.StoreUnavailableException">The store does not answer; try again. Reads of the stream throw it too.</exception>
    Task<Stream?> OpenAsync(BlobId blob, long offset, CancellationToken cancellationToken);

    /// <summary>Deletes what is there of that id, if only pieces; nothing where there is none. Who reads it meanwhile may find its end missing.</summary>
    /// <exception cref="Common.StoreUnavailableException">The store does not answer; try again.</exception>
    Task DeleteAsync(BlobId blob, CancellationToken cancellationToken);
}
