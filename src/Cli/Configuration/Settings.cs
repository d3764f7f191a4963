using System.Globalization;
using Gofer.Domain.Common;
using Microsoft.Extensions.Configuration;

namespace Gofer.Cli.Configuration;

/// <summary>
/// Every setting with its value and where that comes from: flag, then environment, then settings file (<c>./gofer.toml</c>, that of whoever
/// calls, that of the machine; or the one that is named), then default. A context stands where it was chosen: one that a flag names
/// is stronger than the environment, one that a file names is part of that file.
/// </summary>
internal sealed class Settings
{
    private readonly Dictionary<Setting, Written> _values = [];

    private Settings(IReadOnlyList<string> complaints) => Complaints = complaints;

    /// <summary>What is wrong, all of it.</summary>
    public IReadOnlyList<string> Complaints { get; }

    /// <summary>The contexts that there are to choose from.</summary>
    public IReadOnlyDictionary<string, Layer> Contexts { get; private init; } = new Dictionary<string, Layer>();

    /// <summary>The value, the default where nobody set one, or null.</summary>
    public string? this[Setting setting] => Given(setting) ?? setting.Effective;

    /// <summary>Whether a setting that is yes or no is yes.</summary>
    public bool IsSet(Setting setting) => this[setting] == "true";

    /// <summary>The value of a setting that is a length of time and has a default.</summary>
    public TimeSpan Span(Setting setting) => TimeSpan.Parse(Given(setting) ?? setting.Kind.Read(setting.Effective!)!, CultureInfo.InvariantCulture);

    /// <summary>What somebody set, or null.</summary>
    public string? Given(Setting setting) => _values.GetValueOrDefault(setting)?.Value;

    /// <summary>The value as it was written and where; null where nobody set one.</summary>
    public Written? Written(Setting setting) => _values.GetValueOrDefault(setting);

    /// <summary>What was set, by the keys that the host's options are bound by; a setting that nobody set keeps the default of its class.</summary>
    public IConfiguration Configuration => new ConfigurationBuilder()
        .AddInMemoryCollection(_values.Select(v => KeyValuePair.Create(v.Key.Path, (string?)v.Value.Value)))
        .Build();

    /// <summary>Reads them all; the error says everything that is wrong.</summary>
    public static Result<Settings> Load(SettingInputs inputs)
    {
        var settings = Read(inputs);
        return settings.Complaints switch
        {
            [] => settings,
            [var one] => Error.Invalid("", one),
            var all => new Error(
                ErrorKind.Invalid, ErrorCodes.ValidationFailed, $"{all.Count} things are wrong with the settings:", [.. all.Select(c => new Fault("", c))]),
        };
    }

    /// <summary>Reads what can be read, for those who want to see it though something is wrong.</summary>
    public static Settings Read(SettingInputs inputs)
    {
        var complaints = new List<string>();
        var flags = new Layer { SendsTokenAnywhere = true };
        foreach (var (setting, text) in inputs.Flags) flags.Add(setting, text, new Source(SourceKind.Flag, setting.Flag!), setting.Flag!, complaints);
        var (environment, ofTask) = Variables.Read(inputs, complaints);
        var files = inputs.Files.Select(f => SettingsFile.Read(f, inputs, complaints)).ToList();
        var contexts = files.FirstOrDefault(f => f.Path == inputs.OfUser)?.OfContexts ?? new Dictionary<string, Layer>();

        var layers = new List<Layer>();
        var isChosen = false;
        foreach (var layer in (Layer[])[flags, environment, ofTask, .. files.Select(f => f.Layer)])
        {
            // Flags that name more than the context win over it; of a file the context does.
            var context = isChosen ? null : Chosen(layer, contexts, inputs, complaints, ref isChosen);
            if (context is not null && layer != flags && layer != environment) layers.Add(context);
            layers.Add(layer);
            if (context is not null && (layer == flags || layer == environment)) layers.Add(context);
        }

        var settings = new Settings(complaints) { Contexts = contexts };
        foreach (var setting in SettingTable.All)
        {
            if (layers.Select(l => l[setting]).FirstOrDefault(w => w is not null) is { } written) settings._values[setting] = written;
        }

        if (IsForAnother(layers)) settings._values.Remove(SettingTable.Token);
        return settings;
    }

    /// <summary>The context that a layer names.</summary>
    private static Layer? Chosen(Layer layer, IReadOnlyDictionary<string, Layer> contexts, SettingInputs inputs, List<string> complaints, ref bool isChosen)
    {
        if (layer[SettingTable.Context] is not { } name) return null;
        isChosen = true;
        if (contexts.TryGetValue(name.Value, out var context)) return context;
        var what = Nearest.Of(name.Value, contexts.Keys) is { } meant ? $"Did you mean '{meant}'?"
            : contexts.Count > 0 ? $"There are: {string.Join(", ", contexts.Keys.Order(StringComparer.Ordinal))}."
            : $"There are none yet: 'gofer context set {name.Value} --server URL' makes it.";
        complaints.Add($"{name.Source.Place}: There is no context {Shown.Quoted(name.Value)} in {inputs.OfUser ?? "any file"}. {what}");
        return null;
    }

    /// <summary>
    /// Whether the token that was found belongs to one server and a stronger place names another: it must not reach somebody that it was
    /// not meant for, such as the server that a cloned repository's file names.
    /// </summary>
    private static bool IsForAnother(List<Layer> layers)
    {
        var (token, server) = (layers.FindIndex(l => l[SettingTable.Token] is not null), layers.FindIndex(l => l[SettingTable.Server] is not null));
        return token >= 0 && server >= 0 && server < token && !layers[token].SendsTokenAnywhere
            && layers[token][SettingTable.Server]?.Value != layers[server][SettingTable.Server]!.Value;
    }
}
