using System.Text;
using System.Text.RegularExpressions;
using Gofer.Tests.Support;

namespace Gofer.Tests.Unit.Docs;

/// <summary>
/// Writes the page of a proto from its comments. It reads the part of the language that our files use, line by line, and refuses every line that it does not
/// know: nothing is left out silently.
/// </summary>
internal static partial class ProtoReference
{
    /// <summary>The page.</summary>
    public static string Generate(string path)
    {
        var page = new StringBuilder($"<!-- Made from {path}; `make docs` writes it anew. -->\n# {Path.GetFileName(path)}\n\n");
        page.Append($"What stands in `{path}` of the repository, from which a client or a server is generated in any language.\n\n");
        var (comment, rows, open, oneOf) = (new List<string>(), new List<string>(), "", "");
        foreach (var (line, number) in File.ReadAllLines(Repository.PathOf(path)).Select((l, i) => (l.Trim(), i + 1)))
        {
            if (line.StartsWith("//", StringComparison.Ordinal)) comment.Add(line[2..]);
            else if (line is "" or "}" && open is "") comment.Clear();
            else if (line.StartsWith("syntax ", StringComparison.Ordinal)) page.Append(Text(Taken())).Append('\n');
            else if (Ignored().IsMatch(line) || line is "") comment.Clear();
            else if (line is "}" && oneOf is not "") oneOf = "";
            else if (line is "}") Close();
            else if (Block().Match(line) is { Success: true } block) Open(block);
            else if (Rpc().Match(line) is { Success: true } rpc)
            {
                page.Append($"\n### {open}.{rpc.Groups[1].Value}\n\n`{rpc.Groups[2].Value}` → `{rpc.Groups[3].Value}`\n\n{Text(Taken())}");
            }
            else if (OneOf().Match(line) is { Success: true } choice) oneOf = choice.Groups[1].Value;
            else if (Field().Match(line) is { Success: true } field) Row(field.Groups[2].Value, field.Groups[1].Value, field.Groups[3].Value);
            else if (Value().Match(line) is { Success: true } value) Row(value.Groups[1].Value, "", value.Groups[2].Value);
            else throw new InvalidOperationException($"{path}, line {number}: '{line}' is not known here.");
        }

        Assert.Equal("", open);
        return page.ToString();

        List<string> Taken()
        {
            List<string> taken = [.. comment];
            comment.Clear();
            return taken;
        }

        void Open(Match block)
        {
            open = block.Groups[2].Value;
            page.Append($"\n## {open}\n\n{Text(Taken())}");
            if (block.Groups[3].Value is not "") Close();
        }

        void Row(string name, string type, string number)
        {
            var about = string.Join(' ', Taken().Select(c => c.Trim())).Replace("|", "\\|", StringComparison.Ordinal);
            rows.Add($"| `{name}` | {(type is "" ? "" : $"`{type}`")} | {number} | {(oneOf is "" ? "" : $"(one of `{oneOf}`) ")}{Escaped(about)} |");
        }

        void Close()
        {
            if (rows.Count > 0) page.Append($"{(page[^2] == '\n' ? "" : "\n")}| Name | Type | Number | Means |\n|---|---|---|---|\n{string.Join('\n', rows)}\n");
            rows.Clear();
            open = "";
        }
    }

    /// <summary>A comment as Markdown: what is set in further than text and than a list is shown as it stands.</summary>
    private static string Text(List<string> comment)
    {
        var text = new StringBuilder();
        var (isCode, isList) = (false, false);
        foreach (var line in comment)
        {
            var code = Code().IsMatch(line) && !isList;
            if (code != isCode) text.Append("```\n");
            isCode = code;
            isList = line.StartsWith(" - ", StringComparison.Ordinal) || (isList && line.StartsWith("   ", StringComparison.Ordinal));
            text.Append(code ? line[3..] : Escaped(line.Length > 0 ? line[1..] : "")).Append('\n');
        }

        return text.Append(isCode ? "```\n" : "").ToString();
    }

    /// <summary>Words in brackets are rules and no links; words in angle brackets are no tags.</summary>
    private static string Escaped(string text) => text.Replace("<", "&lt;", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal);

    [GeneratedRegex(@"^ {3,}\S")]
    private static partial Regex Code();

    [GeneratedRegex(@"^(package|import|option) .*;$")]
    private static partial Regex Ignored();

    [GeneratedRegex(@"^(message|service|enum) (\w+) \{(\})?$")]
    private static partial Regex Block();

    [GeneratedRegex(@"^rpc (\w+)\(([\w ]+)\) returns \(([\w ]+)\);$")]
    private static partial Regex Rpc();

    [GeneratedRegex(@"^oneof (\w+) \{$")]
    private static partial Regex OneOf();

    [GeneratedRegex(@"^((?:repeated )?(?:map<\w+, \w+>|[\w.]+)) (\w+) = (\d+)(?: \[[^\]]*\])?;$")]
    private static partial Regex Field();

    [GeneratedRegex(@"^([A-Z_]+) = (\d+);$")]
    private static partial Regex Value();
}
