using System.Security.Cryptography;
using System.Text;
using Gofer.Application.Objects;
using Gofer.Application.Queue;
using Gofer.Domain.Common;
using Gofer.Domain.Objects;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;

namespace Gofer.Infrastructure.Postgres.Secrets;

/// <summary>Objects as the values of variables: text of the size that a variable may have.</summary>
internal sealed class ObjectText(IObjectIndex index, IObjectStore store, DocumentLimits limits)
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text of the object that the task names, as it is now; the error says what is wrong with it and how it is put there.</summary>
    public async Task<Result<string>> ReadAsync(
        ClaimedTask task, NamespaceId home, PipelineId pipeline, string kind, string key, CancellationToken cancellationToken)
    {
        ObjectScope scope = kind == Interpolation.RunObject
            ? new ObjectScope.OfRun(task.Held.Run, task.RunNumber) { Namespace = home, Pipeline = pipeline }
            : new ObjectScope.OfPipeline { Namespace = home, Pipeline = pipeline };
        var run = scope.Run is { } number ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $" --run {number}") : "";
        // An object may be replaced between the look and the read; then its bytes are elsewhere.
        BlobId? gone = null;
        while (Slug.IsValid(key) && await index.FindAsync(scope, key, cancellationToken) is { } found)
        {
            if (found.Size > limits.VariableBytes) return Unfit($"is {found.Size} bytes long, and a variable holds at most {limits.VariableBytes}. Let the task read it: gofer object get {key} -p {task.Pipeline}{run}");
            if (found.Blob == gone) return Unfit("has no bytes in the store any more. Put it again.");
            gone = found.Blob;
            var bytes = new byte[found.Size];
            await using var stream = await store.OpenAsync(found.Blob, 0, cancellationToken);
            if (stream is null || await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken) < bytes.Length) continue;
            if (!SHA256.HashData(bytes).AsSpan().SequenceEqual(found.Sha256)) return Unfit("has other bytes in the store than were put. Put it again.");
            return Text(bytes) is { } text ? text : Unfit("is no UTF-8 text, or holds a NUL; a variable holds nothing else.");
        }

        return new Error(
            ErrorKind.NotFound, Reasons.MissingObject,
            $"There is no {scope.Kind} object '{key}'. Put it with: gofer object put {key} FILE -n {task.Namespace} -p {task.Pipeline}{run}");

        Error Unfit(string why) => new(ErrorKind.Invalid, Reasons.MissingObject, $"The {scope.Kind} object '{key}' {why}");
    }

    private static string? Text(byte[] bytes)
    {
        try
        {
            var text = s_strict.GetString(bytes);
            return text.Contains('\0', StringComparison.Ordinal) ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
