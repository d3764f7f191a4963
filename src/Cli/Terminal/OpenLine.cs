using System.Text;
using Gofer.Client;

namespace Gofer.Cli.Terminal;

/// <summary>
/// What is to be printed of lines that may come in pieces, from several tasks at once: a piece goes on in its line where nothing came between,
/// and begins another one, behind its prefix, where something did.
/// </summary>
internal sealed class OpenLine
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly TerminalFilter _filter = new();
    private (string Task, string Stream)? _open;

    /// <summary>Whether what a terminal would obey is left out of the text.</summary>
    public bool IsForTerminal { get; init; }

    /// <summary>Whether the last piece lacks its end.</summary>
    public bool IsOpen => _open is not null;

    /// <summary>Whether that piece was one of stderr.</summary>
    public bool IsError => _open is { Stream: "stderr" };

    /// <summary>Takes the next piece. True where it goes on in the open line; else a line that is open has to be ended first.</summary>
    public bool GoesOn(LogLine piece) => _open == (piece.Task, piece.Stream);

    /// <summary>Notes that the piece was printed.</summary>
    public void Printed(LogLine piece) => _open = piece.Eol ? null : (piece.Task, piece.Stream);

    /// <summary>Notes that the open line was ended by something else.</summary>
    public void Close() => _open = null;

    /// <summary>The piece as text; a character that two pieces share is there with the second.</summary>
    public string TextOf(LogLine piece)
    {
        if (!GoesOn(piece))
        {
            _decoder.Reset();
            _filter.Reset();
        }

        var bytes = piece.ToBytes();
        if (IsForTerminal) bytes = _filter.Clean(bytes);
        var text = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
        return new string(text, 0, _decoder.GetChars(bytes, text, flush: piece.Eol));
    }
}
