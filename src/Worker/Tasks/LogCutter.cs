using Gofer.Application.Logs;
using Gofer.Domain.Secrets;

namespace Gofer.Worker.Tasks;

/// <summary>
/// Cuts a container's output into chunks of one stream and at most 64 KiB, at a line's end where there is one and else never inside a
/// UTF-8 character, and numbers their pieces. Offsets count what the container wrote, also where a mask stands for it. Pure: bytes in, chunks
/// out.
/// </summary>
internal sealed class LogCutter(int task, int attempt, LogPosition from)
{
    /// <summary>The largest chunk.</summary>
    public const int Largest = 64 * 1024;

    /// <summary>Room of a task that says little, as most do; it grows up to the largest chunk.</summary>
    private byte[] _open = new byte[256];
    private readonly List<LogChunk> _ready = [];

    /// <summary>Bytes that were written and are not shown: how many more than their mask has, and where in the open chunk that ends.</summary>
    private readonly List<(int End, int More)> _hidden = [];
    private LogPosition _at = from;
    private int _length;
    private LogStream _stream = LogStream.Stdout;

    /// <summary>Bytes of <paramref name="stream"/> that came in: what to ask the back end for next.</summary>
    public long Offset(LogStream stream) => _at.Of(stream) + (_stream == stream ? _length + _hidden.Sum(h => h.More) : 0);

    /// <summary>Bytes in whole chunks that wait to be taken.</summary>
    public int ReadyBytes { get; private set; }

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty => _length == 0 && _ready.Count == 0;

    /// <summary>Takes in what the container wrote, in order.</summary>
    public void Add(LogStream stream, ReadOnlySpan<byte> bytes, DateTimeOffset now)
    {
        Turn(stream, now);
        while (bytes.Length > 0)
        {
            var fits = Math.Min(bytes.Length, Largest - _length);
            MakeRoom(fits);
            bytes[..fits].CopyTo(_open.AsSpan(_length));
            _length += fits;
            bytes = bytes[fits..];
            if (_length == Largest) Close(LastCut(), now);
        }
    }

    /// <summary>
    /// Takes in that the container wrote <paramref name="length"/> bytes of a secret, shown as one mask; where it does not begin one they are part of
    /// the mask before. No chunk ends within a mask.
    /// </summary>
    public void AddHidden(LogStream stream, int length, bool begins, DateTimeOffset now)
    {
        Turn(stream, now);
        if (begins)
        {
            while (_length + Masker.Mask.Length > Largest) Close(LastCut(), now);
            MakeRoom(Masker.Mask.Length);
            Masker.Mask.CopyTo(_open.AsSpan(_length));
            _length += Masker.Mask.Length;
        }

        _hidden.Add((_length, begins ? length - Masker.Mask.Length : length));
    }

    /// <summary>
    /// The chunks so far. What is open goes with them but for a character that is not whole yet, and with <paramref name="final"/> all of it.
    /// </summary>
    public IReadOnlyList<LogChunk> Take(bool final, DateTimeOffset now)
    {
        Close(final ? _length : _length - UnfinishedTail(_open.AsSpan(0, _length)), now);
        var chunks = _ready.ToArray();
        _ready.Clear();
        ReadyBytes = 0;
        return chunks;
    }

    private void Turn(LogStream stream, DateTimeOffset now)
    {
        if (stream == _stream) return;
        Close(_length, now); // the order of the two streams is kept by never going back to an older chunk
        // What belongs to a mask that went out before has no chunk to go with.
        if (_hidden.Count > 0)
        {
            var end = _at.Of(_stream) + TakeHidden(0);
            _at = _stream == LogStream.Stdout ? _at with { Stdout = end } : _at with { Stderr = end };
        }

        _stream = stream;
    }

    /// <summary>How many bytes more than it shows the open chunk stands for, up to <paramref name="length"/>; what is behind that stays.</summary>
    private int TakeHidden(int length)
    {
        var inside = _hidden.TakeWhile(h => h.End <= length).ToList();
        _hidden.RemoveRange(0, inside.Count);
        for (var i = 0; i < _hidden.Count; i++) _hidden[i] = (_hidden[i].End - length, _hidden[i].More);
        return inside.Sum(h => h.More);
    }

    private void MakeRoom(int bytes)
    {
        if (_length + bytes > _open.Length) Array.Resize(ref _open, Math.Min(Largest, Math.Max(_length + bytes, 4 * _open.Length)));
    }

    /// <summary>Never within a mask: that has neither a line end nor the beginning of a character.</summary>
    private int LastCut()
    {
        var line = _open.AsSpan(0, _length).LastIndexOf((byte)'\n') + 1;
        return line > 0 ? line : _length - UnfinishedTail(_open.AsSpan(0, _length));
    }

    private void Close(int length, DateTimeOffset now)
    {
        if (length == 0) return;
        var bytes = _open.AsSpan(0, length).ToArray();
        var pieces = bytes.AsSpan().Count((byte)'\n') + (bytes[^1] == (byte)'\n' ? 0 : 1);
        var end = _at.Of(_stream) + length + (_hidden.Count == 0 ? 0 : TakeHidden(length));
        var first = _at.Pieces + 1;
        _at = _stream == LogStream.Stdout
            ? new LogPosition(_at.LastSeq + 1, end, _at.Stderr, _at.Pieces + pieces)
            : new LogPosition(_at.LastSeq + 1, _at.Stdout, end, _at.Pieces + pieces);
        _ready.Add(new LogChunk(task, attempt, _at.LastSeq, _stream, first, now, bytes) { StreamEnd = end, LastPiece = _at.Pieces });
        ReadyBytes += length;
        _open.AsSpan(length, _length - length).CopyTo(_open);
        _length -= length;
    }

    /// <summary>How many bytes at the end begin a UTF-8 character that is not whole; 0 where the bytes are no UTF-8 anyway.</summary>
    private static int UnfinishedTail(ReadOnlySpan<byte> bytes)
    {
        for (var back = 1; back <= Math.Min(3, bytes.Length); back++)
        {
            var b = bytes[^back];
            if (b < 0x80) return 0;
            if (b < 0xC0) continue;
            var wants = b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : 2;
            return wants > back && back < bytes.Length ? back : 0;
        }

        return 0;
    }
}
