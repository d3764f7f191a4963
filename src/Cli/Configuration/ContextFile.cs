using System.Text.Encodings.Web;
using System.Text.Json;
using Gofer.Domain.Common;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Gofer.Cli.Configuration;

/// <summary>
/// Changes the contexts of a settings file and leaves everything else in it as it was written, comments too. What it writes has been read
/// again before; the file is its owner's alone.
/// </summary>
internal sealed class ContextFile(SettingInputs inputs)
{
    private static readonly JsonSerializerOptions s_quoting = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Where it is.</summary>
    public string Path { get; } = inputs.OfUser ?? throw new InvalidOperationException("There is no home to keep a file in.");

    /// <summary>The contexts by name and the one that the file chooses; the error says what is wrong with the file.</summary>
    public Result<(IReadOnlyDictionary<string, Layer> Contexts, string? Chosen)> Read()
    {
        if (!File.Exists(Path)) return (new Dictionary<string, Layer>(), null);
        var complaints = new List<string>();
        var file = SettingsFile.Read(Path, inputs, complaints);
        return complaints.Count > 0 ? Refusal(complaints) : (file.OfContexts, file.Layer[SettingTable.Context]?.Value);
    }

    /// <summary>Sets members of a context, which is made where there is none; null takes one away.</summary>
    public Result Set(string name, IReadOnlyCollection<(string Key, string? Value)> members) => Change(lines =>
    {
        var table = Table(lines, name);
        if (table is null)
        {
            if (lines.Count > 0 && lines[^1].Trim().Length > 0) lines.Add("");
            lines.Add($"[contexts.{name}]");
            lines.AddRange(members.Where(m => m.Value is not null).Select(m => Line(m.Key, m.Value!)));
            return;
        }

        foreach (var (key, value) in members)
        {
            var at = table.Items.FirstOrDefault(i => SettingsFile.Names(i.Key!) is [var named] && named == key);
            if (at is not null) lines[SettingsFile.Line(at) - 1] = value is null ? Gone : Line(key, value);
            else if (value is not null) lines[SettingsFile.Line(table) - 1] += $"\n{Line(key, value)}";
        }
    });

    /// <summary>Makes a context the one that is used where none is named; null names none.</summary>
    public Result Use(string? name) => Change(lines =>
    {
        var document = Parse(lines);
        if (document.KeyValues.FirstOrDefault(k => SettingsFile.Names(k.Key!) is ["context"]) is { } pair)
        {
            lines[SettingsFile.Line(pair) - 1] = name is null ? Gone : Line("context", name);
        }
        else if (name is not null)
        {
            var first = document.KeyValues.Cast<SyntaxNode>().Concat(document.Tables).Select(SettingsFile.Line).DefaultIfEmpty(lines.Count + 1).Min();
            lines.InsertRange(first - 1, document.KeyValues.Any() ? [Line("context", name)] : [Line("context", name), ""]);
        }
    });

    /// <summary>Takes a context away.</summary>
    public Result Delete(string name) => Change(lines =>
    {
        if (Table(lines, name) is not { } table) return;
        var last = table.Items.Select(SettingsFile.Line).Append(SettingsFile.Line(table)).Max();
        for (var at = SettingsFile.Line(table) - 1; at < last; at++) lines[at] = Gone;
    });

    /// <summary>Marks a line that goes: no line of a file holds a NUL.</summary>
    private const string Gone = "\0";

    private static string Line(string key, string value) => $"{key} = {JsonSerializer.Serialize(value, s_quoting)}";

    private static TableSyntax? Table(List<string> lines, string name) =>
        Parse(lines).Tables.OfType<TableSyntax>().FirstOrDefault(t => SettingsFile.Names(t.Name!) is ["contexts", var named] && named == name);

    private static DocumentSyntax Parse(List<string> lines) => SyntaxParser.Parse(string.Join('\n', lines) + "\n");

    private Result Change(Action<List<string>> change)
    {
        var read = Read();
        if (!read.IsOk) return read.Error;
        try
        {
            var lines = File.Exists(Path) ? File.ReadAllText(Path).ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').ToList() : [];
            if (lines is [""]) lines.Clear();
            change(lines);
            return Write(string.Join('\n', lines.Where(l => l != Gone)).Trim('\n') is { Length: > 0 } text ? text + "\n" : "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Error.Invalid("", $"The settings file {Path} cannot be written: {e.Message}");
        }
    }

    /// <summary>Writes beside the file, reads that, and only then puts it in place: what is cut off half-way leaves the file as it was.</summary>
    private Result Write(string text)
    {
        // A link, as those who keep such files in a repository have it, stays one.
        var target = File.Exists(Path) && File.ResolveLinkTarget(Path, returnFinalTarget: true) is { } real ? real.FullName : Path;
        var folder = System.IO.Path.GetDirectoryName(target)!;
        if (!Directory.Exists(folder))
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
            else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var draft = $"{target}.{Environment.ProcessId}.new";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var writer = new StreamWriter(draft, options)) writer.Write(text);
            var complaints = new List<string>();
            // The draft is judged as what it is going to be.
            SettingsFile.Read(draft, inputs with { File = draft }, complaints);
            if (complaints.Count > 0)
            {
                return Error.Invalid("", $"{Path} is written in a way that this command cannot change; change it by hand. ({complaints[0]})");
            }

            File.Move(draft, target, overwrite: true);
            return Result.Ok;
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private static Error Refusal(List<string> complaints) =>
        complaints is [var one] ? Error.Invalid("", one) : Error.Invalid([.. complaints.Select(c => new Fault("", c))]);
}
