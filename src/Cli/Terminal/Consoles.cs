using Gofer.Cli.Commands;
using Spectre.Console;

namespace Gofer.Cli.Terminal;

/// <summary>
/// Consoles over the command's writers. Colour is for a terminal that has it and a person who wants it: none with <c>--no-color</c>,
/// <c>NO_COLOR</c>, <c>TERM=dumb</c>, or into a file or a pipe.
/// </summary>
internal static class Consoles
{
    /// <summary>A console over a writer of the command.</summary>
    public static IAnsiConsole On(TextWriter writer, CommandContext context)
    {
        var redraws = CanRedraw(writer);
        var colours = redraws && !context.Parsed.GetValue(GlobalOptions.NoColor) && Environment.GetEnvironmentVariable("NO_COLOR") is not { Length: > 0 };
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redraws ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = colours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = redraws ? InteractionSupport.Detect : InteractionSupport.No,
        });
        // A line belongs to whoever wrote it: the console must not fold it.
        if (!redraws) console.Profile.Width = 1 << 20;
        return console;
    }

    /// <summary>Whether what was written can be taken back and written anew: on a terminal that understands how.</summary>
    public static bool CanRedraw(TextWriter writer) =>
        Environment.GetEnvironmentVariable("TERM") is not "dumb" && IsTerminal(writer);

    /// <summary>Whether a terminal shows, and obeys, what is written there.</summary>
    public static bool IsTerminal(TextWriter writer) =>
        (ReferenceEquals(writer, Console.Out) && !Console.IsOutputRedirected) || (ReferenceEquals(writer, Console.Error) && !Console.IsErrorRedirected);
}
