using System.Text;

namespace Gofer.Cli.Terminal;

/// <summary>
/// Makes what some program wrote fit for a terminal: text, tabs, ends of lines and colours go through. Left out is what else a terminal would obey, such as
/// moves of the cursor over what stands there already, its title, its clipboard, and questions that it answers by typing. A sequence may come in pieces;
/// one that never ends is over with its line.
/// </summary>
internal sealed class TerminalFilter
{
    private const byte Bell = 0x07, Escape = 0x1b;

    /// <summary>The first byte of a control character beyond ASCII, and of many a letter.</summary>
    private const byte Lead = 0xc2;

    /// <summary>A longer one is no colour.</summary>
    private const int LongestColour = 64;

    private readonly List<byte> _colour = [];
    private State _state;

    private enum State
    {
        /// <summary>Nothing is open.</summary>
        Text,

        /// <summary>After <see cref="Lead"/>.</summary>
        Led,

        /// <summary>After ESC.</summary>
        Escaped,

        /// <summary>After ESC [, which a letter ends.</summary>
        Sequence,

        /// <summary>After ESC ], ESC P and their like, which BEL or ESC \ ends.</summary>
        Command,

        /// <summary>After <see cref="Lead"/> in a command.</summary>
        CommandLed,
    }

    /// <summary>What of the next bytes goes to the terminal.</summary>
    public byte[] Clean(ReadOnlySpan<byte> bytes)
    {
        var clean = new List<byte>(bytes.Length);
        foreach (var b in bytes) Take(b, clean);
        return [.. clean];
    }

    /// <summary>What of the next piece of text goes to the terminal.</summary>
    public string Clean(string text) => Encoding.UTF8.GetString(Clean(Encoding.UTF8.GetBytes(text)));

    /// <summary>Forgets what is open: what comes next has nothing to do with what came last.</summary>
    public void Reset() => _state = State.Text;

    private void Take(byte b, List<byte> clean)
    {
        if (b is (byte)'\n' or Escape && _state != State.Text) _state = State.Text;
        switch (_state)
        {
            case State.Led:
                TakeSecond(b, clean);
                break;
            case State.Escaped:
                TakeEscaped(b, clean);
                break;
            case State.Sequence:
                TakeSequence(b, clean);
                break;
            case State.Command:
                if (b == Bell) _state = State.Text;
                else if (b == Lead) _state = State.CommandLed;
                break;
            case State.CommandLed:
                _state = b == 0x9c ? State.Text : State.Command;
                break;
            default:
                TakeText(b, clean);
                break;
        }
    }

    private void TakeText(byte b, List<byte> clean)
    {
        if (b == Escape) _state = State.Escaped;
        else if (b == Lead) _state = State.Led;
        else if (b is (>= 0x20 and not 0x7f) or (byte)'\n' or (byte)'\r' or (byte)'\t') clean.Add(b);
    }

    private void TakeSecond(byte b, List<byte> clean)
    {
        _state = b switch
        {
            0x9b => State.Sequence,
            0x90 or 0x98 or 0x9d or 0x9e or 0x9f => State.Command,
            _ => State.Text,
        };
        _colour.Clear();
        if (b is >= 0x80 and <= 0x9f) return;
        clean.Add(Lead);
        TakeText(b, clean);
    }

    private void TakeEscaped(byte b, List<byte> clean)
    {
        switch (b)
        {
            case (byte)'[':
                _colour.Clear();
                _colour.AddRange("\e["u8);
                _state = State.Sequence;
                break;
            case (byte)']' or (byte)'P' or (byte)'X' or (byte)'^' or (byte)'_':
                _state = State.Command;
                break;
            case >= 0x20 and <= 0x2f:
                break; // one of several letters: the last ends it
            default:
                _state = State.Text;
                if (b is < 0x20 or > 0x7e) TakeText(b, clean);
                break;
        }
    }

    private void TakeSequence(byte b, List<byte> clean)
    {
        var isColour = _colour.Count is > 0 and < LongestColour;
        if (isColour && b is (>= (byte)'0' and <= (byte)'9') or (byte)';' or (byte)':')
        {
            _colour.Add(b);
            return;
        }

        if (b is >= 0x20 and < 0x40)
        {
            _colour.Clear(); // a member that no colour has
            return;
        }

        _state = State.Text;
        if (isColour && b == (byte)'m') clean.AddRange([.. _colour, b]);
        else if (b is < 0x20 or > 0x7e) TakeText(b, clean);
    }
}
