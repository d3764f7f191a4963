using Gofer.Application.Common;
using Gofer.Application.Objects;
using Gofer.Domain.Common;

namespace Gofer.Infrastructure.Objects;

/// <summary>
/// Bytes as files of one folder, which every API and worker has: a disk of one machine, or a shared one. A file has its name only once it is
/// whole and on the disk; names are made of ids alone.
/// </summary>
internal sealed class FileObjectStore(string folder) : IObjectStore
{
    private const int Buffer = 128 * 1024;

    /// <inheritdoc/>
    public string Place => "files";

    /// <inheritdoc/>
    public Task WriteAsync(BlobId blob, Stream content, CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        var path = PathOf(blob);
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        else Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None, Options = FileOptions.Asynchronous, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var file = new FileStream(Part(path), options))
        {
            var buffer = new byte[Buffer];
            int read;
            while ((read = await ReadAsync(content, buffer, cancellationToken)) > 0) await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            // A name that outlives a power failure must not stand for bytes that did not.
            file.Flush(flushToDisk: true);
        }

        File.Move(Part(path), path, overwrite: true);
        return true;
    });

    /// <inheritdoc/>
    public Task<Stream?> OpenAsync(BlobId blob, long offset, CancellationToken cancellationToken) => GuardAsync(() =>
    {
        try
        {
            var file = new FileStream(PathOf(blob), new FileStreamOptions { Share = FileShare.Read | FileShare.Delete, Options = FileOptions.Asynchronous, BufferSize = 0 })
            {
                Position = offset,
            };
            return Task.FromResult<Stream?>(new StoreStream(file, Away));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException && Directory.Exists(folder))
        {
            return Task.FromResult<Stream?>(null);
        }
    });

    /// <inheritdoc/>
    public Task DeleteAsync(BlobId blob, CancellationToken cancellationToken) => GuardAsync(() =>
    {
        var path = PathOf(blob);
        try
        {
            File.Delete(Part(path));
            File.Delete(path);
        }
        catch (DirectoryNotFoundException) when (Directory.Exists(folder))
        {
            // nothing of it was ever written
        }

        return Task.FromResult(true);
    });

    private static string Part(string path) => $"{path}.part";

    /// <summary>What the upload throws is the upload's; what the disk throws is a store that is away.</summary>
    private static async Task<int> ReadAsync(Stream content, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await content.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException e)
        {
            throw new CutException(e);
        }
    }

    private async Task<T> GuardAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (CutException cut)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(cut.InnerException!);
            throw;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Away(e);
        }
    }

    private StoreUnavailableException Away(Exception e) => new($"The folder of objects, {folder}, cannot be used: {e.Message}", e);

    /// <summary>Two levels, so that no folder becomes long; the id is random in its first digits.</summary>
    private string PathOf(BlobId blob)
    {
        var name = blob.ToString();
        return Path.Combine(folder, name[..2], name[2..4], name);
    }

    private sealed class CutException(IOException inner) : Exception("The upload ended early.", inner);
}
