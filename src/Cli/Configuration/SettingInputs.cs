namespace Gofer.Cli.Configuration;

/// <summary>What settings are read from; where nothing is said, this process' own environment and folder.</summary>
internal sealed record SettingInputs
{
    /// <summary>The file that <c>--config</c> names; no other is read then.</summary>
    public string? File { get; init; }

    /// <summary>What the command line sets.</summary>
    public IReadOnlyDictionary<Setting, string> Flags { get; init; } = new Dictionary<Setting, string>();

    /// <summary>The variables.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = Variables.OfProcess();

    /// <summary>The folder that the command was called in.</summary>
    public string Folder { get; init; } = Directory.GetCurrentDirectory();

    /// <summary>The file for all of this machine.</summary>
    public string OfMachine { get; init; } = "/etc/gofer/gofer.toml";

    /// <summary>The folder of whoever calls, or null.</summary>
    public string? Home => Environment.GetValueOrDefault("HOME") is { Length: > 0 } home ? home
        : System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile) is { Length: > 0 } profile ? profile : null;

    /// <summary>The file that somebody named, by flag or variable; null where nobody did.</summary>
    public string? Named => (File ?? Environment.GetValueOrDefault(Variables.Config)) is { Length: > 0 } file ? Path.Combine(Folder, file) : null;

    /// <summary>The file of whoever calls, which contexts are kept in; null where there is no home.</summary>
    public string? OfUser => Named ?? (Environment.GetValueOrDefault("XDG_CONFIG_HOME") is ['/', ..] config ? Path.Combine(config, "gofer", "config.toml")
        : Home is { } home ? Path.Combine(home, ".config", "gofer", "config.toml") : null);

    /// <summary>The settings files, nearest first; one that was named must be there, of the others those that are.</summary>
    public IEnumerable<string> Files => Named is { } named
        ? [named]
        : new[] { Path.Combine(Folder, "gofer.toml"), OfUser, OfMachine }.OfType<string>().Where(System.IO.File.Exists);
}
