using System.Text;
using Gofer.Domain.Common;

namespace Gofer.Cli.Local;

/// <summary>
/// Reads a file of <c>NAME=value</c> lines. A value stands as it is to the end of its line, or in single quotes as it is, or in double quotes
/// with <c>\n</c>, <c>\t</c>, <c>\"</c> and <c>\\</c>; what is quoted may span lines. Empty lines, lines that begin with <c>#</c>, and an
/// <c>export</c> before the name are passed over. No complaint ever repeats a value.
/// </summary>
internal static class EnvFile
{
    /// <summary>The values by name; the last of a name wins.</summary>
    public static Result<IReadOnlyDictionary<string, string>> Read(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Error(ErrorKind.NotFound, ErrorCodes.MalformedRequest, $"The env-file cannot be read: {e.Message}");
        }
    }

    /// <summary>The values of a text that was read from <paramref name="path"/>.</summary>
    public static Result<IReadOnlyDictionary<string, string>> Parse(string text, string path)
    {
        var reader = new Reader(text.ReplaceLineEndings("\n"));
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!reader.IsAtEnd)
        {
            var line = reader.Line;
            if (reader.Next(values) is { } complaint) return Error.Malformed("", $"Line {line} of {path} {complaint}");
        }

        return values;
    }

    private sealed class Reader(string text)
    {
        private int _at;

        public int Line { get; private set; } = 1;

        public bool IsAtEnd => _at >= text.Length;

        /// <summary>Takes the next line, or more where a value goes over several; why it cannot be read, or null.</summary>
        public string? Next(Dictionary<string, string> values)
        {
            var line = Rest().Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                SkipLine();
                return null;
            }

            var equals = Rest().IndexOf('=');
            if (equals < 0) return "has no '='; write NAME=value.";
            var name = Rest()[..equals].Trim();
            if (name.StartsWith("export ")) name = name["export ".Length..].Trim();
            if (name.Length == 0) return "has no name before its '='.";
            var key = name.ToString();
            _at += equals + 1;
            while (!IsAtEnd && text[_at] is (' ' or '\t')) _at++;
            if (IsAtEnd || text[_at] is not ('\'' or '"'))
            {
                values[key] = Rest().TrimEnd().ToString();
                SkipLine();
                return null;
            }

            var quote = text[_at];
            if (Quoted(quote) is not { } value) return $"opens a {(quote == '"' ? "double" : "single")} quote that nothing closes.";
            values[key] = value;
            if (Rest().Trim() is { Length: > 0 } more && more[0] != '#') return "goes on after its closing quote.";
            SkipLine();
            return null;
        }

        private ReadOnlySpan<char> Rest()
        {
            var rest = text.AsSpan(_at);
            var end = rest.IndexOf('\n');
            return end < 0 ? rest : rest[..end];
        }

        private void SkipLine()
        {
            _at += Rest().Length + 1;
            Line++;
        }

        /// <summary>What stands between this quote and the next of its kind; null where there is none.</summary>
        private string? Quoted(char quote)
        {
            var value = new StringBuilder();
            for (_at++; !IsAtEnd; _at++)
            {
                var c = text[_at];
                if (c == quote)
                {
                    _at++;
                    return value.ToString();
                }

                if (c == '\n') Line++;
                if (c == '\\' && quote == '"' && _at + 1 < text.Length)
                {
                    c = text[++_at] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', var other => other };
                }

                value.Append(c);
            }

            return null;
        }
    }
}
