using Gofer.Cli.Commands;
using Gofer.Client;
using Spectre.Console;

namespace Gofer.Cli.Terminal;

/// <summary>Prints the output of a run as it comes.</summary>
internal interface ILogLines
{
    /// <summary>Prints a line, or a piece of one.</summary>
    void Print(LogLine line);

    /// <summary>Ends a line that was printed in part, before something else is printed.</summary>
    void End();
}

/// <summary>One JSON object a line, for programs.</summary>
internal sealed class JsonLogLines(CommandContext context) : ILogLines
{
    public void Print(LogLine line) => context.PrintItem(line);

    public void End()
    {
        // an object is never printed in part
    }
}

/// <summary>Each line behind its task, for people; lines of several tasks never mix.</summary>
internal sealed class TaggedLines(IAnsiConsole console, int width) : ILogLines
{
    private readonly OpenLine _open = new() { IsForTerminal = console.Profile.Out.IsTerminal };

    /// <summary>The lines of a command in the form that it was asked for; <paramref name="width"/> is that of the longest task.</summary>
    public static ILogLines For(CommandContext context, int width) =>
        context.IsTable ? new TaggedLines(Consoles.On(context.Out, context), width) : new JsonLogLines(context);

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

    public void End()
    {
        if (!_open.IsOpen) return;
        console.WriteLine();
        _open.Close();
    }
}
