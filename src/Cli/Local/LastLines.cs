using System.Text;
using Gofer.Application.Logs;

namespace Gofer.Cli.Local;

/// <summary>Keeps the last lines that a task wrote, however much that was.</summary>
internal sealed class LastLines(int most)
{
    /// <summary>Bytes of a line that are kept; nobody reads on in a longer one.</summary>
    private const int LongestLine = 8 * 1024;

    private readonly Queue<string> _lines = [];
    private readonly List<byte> _stdout = [];
    private readonly List<byte> _stderr = [];

    /// <summary>Takes what was written.</summary>
    public void Add(LogStream stream, ReadOnlySpan<byte> bytes)
    {
        var open = stream == LogStream.Stdout ? _stdout : _stderr;
        while (bytes.IndexOf((byte)'\n') is >= 0 and var end)
        {
            Keep(open, bytes[..end]);
            Close(open);
            bytes = bytes[(end + 1)..];
        }

        Keep(open, bytes);
    }

    /// <summary>The lines, oldest first; one without an end too.</summary>
    public IReadOnlyList<string> Take()
    {
        foreach (var open in (List<byte>[])[_stdout, _stderr])
        {
            if (open.Count > 0) Close(open);
        }

        return [.. _lines];
    }

    private static void Keep(List<byte> open, ReadOnlySpan<byte> bytes) => open.AddRange(bytes[..Math.Min(bytes.Length, LongestLine - open.Count)]);

    private void Close(List<byte> open)
    {
        _lines.Enqueue(Encoding.UTF8.GetString([.. open]).TrimEnd('\r'));
        if (_lines.Count > most) _lines.Dequeue();
        open.Clear();
    }
}
