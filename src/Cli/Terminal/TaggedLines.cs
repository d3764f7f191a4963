using Gofer.Client;
using Spectre.Console;

namespace Gofer.Cli.Terminal;

/// <summary>Prints output line by line, each line behind its task; lines of several tasks never mix.</summary>
internal sealed class TaggedLines(IAnsiConsole console, int width)
{
    private readonly OpenLine _open = new();

    /// <summary>Prints a line, or a piece of one.</summary>
    public void Print(LogLine line)
    {
        if (!_open.GoesOn(line))
        {
            End();
            console.Markup($"[blue]{Markup.Escape(line.Task.PadRight(width))}[/] {(line.Stream == "stderr" ? "[red]![/]" : "[grey]|[/]")} ");
        }

        console.Write(_open.TextOf(line));
        if (line.Eol) console.WriteLine();
        _open.Printed(line);
    }

    /// <summary>Ends a line that was printed in part, before something else is printed.</summary>
    public void End()
    {
        if (!_open.IsOpen) return;
        console.WriteLine();
        _open.Close();
    }
}
