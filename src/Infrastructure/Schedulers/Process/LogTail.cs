using Gofer.Application.Logs;
using Gofer.Application.Schedulers;

namespace Gofer.Infrastructure.Schedulers.Process;

/// <summary>Reads one file of output from an offset to wherever it ends now; the file may not be there yet.</summary>
internal sealed class LogTail(TaskFolder folder, LogStream stream, long offset) : IDisposable
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private FileStream? _file;
    private long _at = offset;

    /// <summary>The next bytes, valid until the next call; null where there are none now.</summary>
    public async ValueTask<LogPiece?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            _file ??= new FileStream(folder.LogOf(stream), new FileStreamOptions
            {
                Access = FileAccess.Read,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
            });
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        var read = await RandomAccess.ReadAsync(_file.SafeFileHandle, _buffer, _at, cancellationToken);
        if (read == 0) return null;
        _at += read;
        return new LogPiece(stream, _buffer.AsMemory(0, read));
    }

    public void Dispose() => _file?.Dispose();
}
