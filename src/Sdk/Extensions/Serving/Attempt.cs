using Gofer.SharedTasks.V1;
using Google.Protobuf.WellKnownTypes;

namespace Gofer.Sdk.Extensions.Serving;

/// <summary>An attempt: its output, in two files that nobody else has a name for, and its end. Whoever waits for more of either is woken.</summary>
internal sealed class Attempt : IDisposable
{
    private readonly FileStream?[] _files = new FileStream?[2];
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isGone;

    public Timestamp StartedAt { get; } = Now;

    /// <summary>Asks the work to end.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>How it ended; null while it runs.</summary>
    public End? End { get; private set; }

    /// <summary>Whether only its name is known any more.</summary>
    public bool IsForgotten => _isGone;

    /// <summary>Ends once there is more: to be taken before one looks.</summary>
    public Task More
    {
        get
        {
            lock (_lock) return _more.Task;
        }
    }

    private static Timestamp Now => Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow());

    public void Write(int stream, ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            if (End is not null || _isGone) return;
            var file = _files[stream] ??= Open();
            file.Seek(0, SeekOrigin.End);
            file.Write(data);
            Wake();
        }
    }

    /// <summary>Bytes from an offset on; none where there are no more yet.</summary>
    public byte[] Read(int stream, long offset, int most)
    {
        lock (_lock)
        {
            if (_isGone || _files[stream] is not { } file || offset < 0 || offset >= file.Length) return [];
            var data = new byte[Math.Min(most, file.Length - offset)];
            file.Seek(offset, SeekOrigin.Begin);
            file.ReadExactly(data);
            return data;
        }
    }

    public void Finish(int exitCode, string message = "")
    {
        lock (_lock)
        {
            End ??= new End { ExitCode = exitCode, Message = message, EndedAt = Now };
            Wake();
        }
    }

    public void Stop() => _stop.Cancel();

    /// <summary>Drops all but the fact that there was one.</summary>
    public void Dispose()
    {
        Stop();
        Finish(143, "It was forgotten.");
        lock (_lock)
        {
            _isGone = true;
            foreach (var file in _files) file?.Dispose();
        }
    }

    private static FileStream Open() => new(
        Path.Combine(Path.GetTempPath(), $"gofer-task-{Guid.CreateVersion7():N}"), new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            Options = FileOptions.DeleteOnClose,
        });

    private void Wake()
    {
        _more.TrySetResult();
        _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
