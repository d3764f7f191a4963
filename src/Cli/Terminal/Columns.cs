namespace Gofer.Cli.Terminal;

/// <summary>Text in columns that fit a terminal.</summary>
internal static class Columns
{
    private const string Indent = "  ";

    /// <summary>What is printed where nobody says how wide the terminal is.</summary>
    private const int UsualWidth = 80;

    /// <summary>Lines longer than that are hard to read, however wide the terminal is.</summary>
    private const int MaxWidth = 100;

    private const int MinWidth = 40;

    /// <summary>How wide text may be: that of the terminal, within reason; 80 where the output is none.</summary>
    public static int Width
    {
        get
        {
            try
            {
                return Console.IsOutputRedirected || Console.WindowWidth <= 0 ? UsualWidth : Math.Clamp(Console.WindowWidth, MinWidth, MaxWidth);
            }
            catch (IOException)
            {
                return UsualWidth;
            }
        }
    }

    /// <summary>
    /// Writes rows of a label and a text: the texts stand below each other, wrapped at words; a label that would push them too far has a
    /// line of its own.
    /// </summary>
    public static void Write(TextWriter output, IReadOnlyCollection<(string Label, string Text)> rows, int width)
    {
        var most = width * 2 / 5;
        var column = rows.Select(r => r.Label.Length).Where(l => l <= most).DefaultIfEmpty(most).Max();
        foreach (var (label, text) in rows)
        {
            var lines = Wrap(text, width - column - (2 * Indent.Length)).ToList();
            if (label.Length > column)
            {
                output.WriteLine(Indent + label);
                foreach (var line in lines) output.WriteLine(Indent + new string(' ', column) + Indent + line);
                continue;
            }

            output.WriteLine((Indent + label.PadRight(column) + Indent + lines.FirstOrDefault()).TrimEnd());
            foreach (var line in lines.Skip(1)) output.WriteLine(Indent + new string(' ', column) + Indent + line);
        }
    }

    /// <summary>Cuts a text into lines at its spaces; a word that is longer than a line stands alone.</summary>
    public static IEnumerable<string> Wrap(string text, int width)
    {
        var line = "";
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }

            line += line.Length > 0 ? " " + word : word;
        }

        if (line.Length > 0) yield return line;
    }
}
