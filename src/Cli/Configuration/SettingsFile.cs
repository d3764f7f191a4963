using System.Globalization;
using Gofer.Domain.Common;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Gofer.Cli.Configuration;

/// <summary>
/// A settings file in TOML: what it sets, each with its line, and the contexts, which only the file of whoever calls may hold. A key that
/// is no setting is a mistake; <c>token_file</c>, and so for every other, names a file that holds the value.
/// </summary>
internal sealed class SettingsFile
{
    private const string Contexts = "contexts";
    private static readonly string s_suffix = SecretFile.Suffix.ToLowerInvariant();

    private readonly SettingInputs _inputs;
    private readonly List<string> _complaints;
    private readonly Dictionary<string, Layer> _contexts = [];
    private readonly Dictionary<(string Context, Setting Setting), int> _lines = [];

    private SettingsFile(string path, SettingInputs inputs, List<string> complaints) => (Path, _inputs, _complaints) = (path, inputs, complaints);

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>What it sets outside of contexts.</summary>
    public Layer Layer { get; } = new();

    /// <summary>The contexts by name.</summary>
    public IReadOnlyDictionary<string, Layer> OfContexts => _contexts;

    /// <summary>Reads a file; what is wrong with it is added to <paramref name="complaints"/>, each with the line.</summary>
    public static SettingsFile Read(string path, SettingInputs inputs, List<string> complaints)
    {
        var file = new SettingsFile(path, inputs, complaints);
        try
        {
            file.Read(SyntaxParser.Parse(File.ReadAllText(path), path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            complaints.Add(File.Exists(path) || Directory.Exists(path)
                ? $"The settings file {path} cannot be read: {e.Message}"
                : $"The settings file {path} cannot be read: there is no such file.");
        }

        return file;
    }

    private void Read(DocumentSyntax document)
    {
        if (document.HasErrors)
        {
            foreach (var wrong in document.Diagnostics) _complaints.Add($"{At(wrong.Span.Start.Line + 1)}: The settings file cannot be read: {wrong.Message}");
            return;
        }

        Read(document.KeyValues, []);
        foreach (var table in document.Tables)
        {
            var place = Names(table.Name!);
            if (table is TableArraySyntax) Complain(table, $"'[[{string.Join('.', place)}]]' is a list, and no setting is one. Write [{string.Join('.', place)}].");
            else Enter(table, place, table.Items);
        }
    }

    private void Read(IEnumerable<KeyValueSyntax> pairs, string[] section)
    {
        foreach (var pair in pairs)
        {
            string[] path = [.. section, .. Names(pair.Key!)];
            if (pair.Value is InlineTableSyntax table) Enter(pair, path, table.Items.Select(i => i.KeyValue!));
            else Set(pair, path);
        }
    }

    /// <summary>Reads what stands below a name; a context is there even where it says nothing.</summary>
    private void Enter(SyntaxNode at, string[] place, IEnumerable<KeyValueSyntax> pairs)
    {
        if (place is [Contexts, var name]) ContextOf(at, name);
        Read(pairs, place);
    }

    private void Set(KeyValueSyntax pair, string[] path)
    {
        var line = Line(pair);
        if (path is [Contexts, _, _])
        {
            if (ContextOf(pair, path[1]) is not { } context) return;
            if (Find(path[2], SettingTable.OfContexts) is var (setting, isFile) && setting is not null)
            {
                Take(context, setting, isFile, pair, new Source(SourceKind.Context, $"context {path[1]} ({At(line)})"), path[1]);
            }
            else
            {
                var known = SettingTable.OfContexts.SelectMany(s => new[] { s.Key, s.Key + s_suffix }).Where(k => k is not ("server_file" or "namespace_file"));
                Complain(pair, $"A context has no {Shown.Quoted(path[2])}.{Meant(path[2], known) ?? " It has server, namespace, and token or token_file."}");
            }

            return;
        }

        var key = string.Join('.', path);
        if (Find(key, SettingTable.All) is var (found, filed) && found is not null)
        {
            Take(Layer, found, filed, pair, new Source(SourceKind.File, At(line)), "");
            return;
        }

        var isSection = SettingTable.All.Any(s => s.Section == key) || path is [Contexts] or [Contexts, _];
        Complain(pair, isSection
            ? $"'{key}' is a section: write [{key}] and its settings below."
            : $"There is no setting {Shown.Quoted(key)}.{Meant(key, SettingTable.All.Select(s => s.Key)) ?? " 'gofer config' lists those that there are."}");
    }

    private void Take(Layer layer, Setting setting, bool isFile, KeyValueSyntax pair, Source source, string context)
    {
        var line = Line(pair);
        if (!_lines.TryAdd((context, setting), line))
        {
            Complain(pair, $"{setting.Key} is set in line {_lines[(context, setting)]} too; leave one of them away.");
            return;
        }

        if (Text(pair.Value) is not { } text)
        {
            Complain(pair, $"{setting.Key} must be {setting.Kind.Allowed}.");
            return;
        }

        if (!isFile)
        {
            layer.Add(setting, text, source, $"{At(line)}: {setting.Key}", _complaints);
            return;
        }

        var (content, wrong) = SecretFile.Read(text, System.IO.Path.GetDirectoryName(Path)!, _inputs.Home);
        if (wrong is not null) Complain(pair, $"{setting.Key}{s_suffix} {wrong}");
        else layer.Add(setting, content!, source, $"{At(line)}: The file that {setting.Key}{s_suffix} names: {setting.Key}", _complaints);
    }

    private Layer? ContextOf(SyntaxNode at, string name)
    {
        if (_contexts.TryGetValue(name, out var known)) return known;
        if (Path != _inputs.OfUser) Complain(at, $"Contexts are read from {_inputs.OfUser ?? "a file in the home"} only. Move '[{Contexts}.{name}]' there.");
        else if (Slug.Complaint(name) is { } wrong) Complain(at, $"The context {wrong}");
        return _contexts[name] = new Layer();
    }

    private static (Setting? Setting, bool IsFile) Find(string key, IReadOnlyList<Setting> among) =>
        among.FirstOrDefault(s => s.Key == key) is { } setting ? (setting, false)
        : key.EndsWith(s_suffix, StringComparison.Ordinal) && among.FirstOrDefault(s => s.Key == key[..^s_suffix.Length]) is { } filed ? (filed, true)
        : (null, false);

    private static string? Meant(string key, IEnumerable<string> known) => Nearest.Of(key, known) is { } nearest ? $" Did you mean '{nearest}'?" : null;

    private static string? Text(ValueSyntax? value) => value switch
    {
        StringValueSyntax text => text.Value ?? "",
        IntegerValueSyntax number => number.Value.ToString(CultureInfo.InvariantCulture),
        BooleanValueSyntax yes => yes.Value ? "true" : "false",
        FloatValueSyntax number => number.Value.ToString(CultureInfo.InvariantCulture),
        _ => null,
    };

    private void Complain(SyntaxNode at, string what) => _complaints.Add($"{At(Line(at))}: {what}");

    private string At(int line) => string.Create(CultureInfo.InvariantCulture, $"{Path}:{line}");

    /// <summary>The line of a node, from 1.</summary>
    internal static int Line(SyntaxNode node) => (node switch
    {
        TableSyntaxBase table => table.Name!.Span,
        KeyValueSyntax pair => pair.Key!.Span,
        _ => node.Span,
    }).Start.Line + 1;

    /// <summary>The parts of a key.</summary>
    internal static string[] Names(KeySyntax key) => [Name(key.Key!), .. key.DotKeys.Select(d => Name(d.Key!))];

    private static string Name(BareKeyOrStringValueSyntax part) => part switch
    {
        StringValueSyntax text => text.Value ?? "",
        BareKeySyntax bare => bare.Key?.Text ?? "",
        _ => "",
    };
}
