namespace Gofer.Cli.Configuration;

/// <summary>
/// A setting: what it is called, what may be written there, what it is for. <c>worker.stop_grace</c> stands as <c>stop_grace</c> under
/// <c>[worker]</c> in the file, is <c>GOFER_WORKER__STOP_GRACE</c> in the environment and <c>Gofer:Worker:StopGrace</c> to the program.
/// </summary>
internal sealed record Setting(string Key, SettingKind Kind, string About)
{
    /// <summary>What it is where nobody sets it, as the file would have it; null where it is nothing, or what <see cref="Found"/> finds.</summary>
    public string? Default { get; init; }

    /// <summary>Finds the default where that depends on the machine.</summary>
    public Func<string?>? Found { get; init; }

    /// <summary>What people are told of a default that depends on the machine.</summary>
    public string? Otherwise { get; init; }

    /// <summary>What a number counts, or how the value is written.</summary>
    public string Unit { get => field ?? Kind.Unit; init; }

    /// <summary>The flag that sets it, such as <c>--postgres</c>; null where none does.</summary>
    public string? Flag { get; init; }

    /// <summary>A short name of the flag.</summary>
    public string? ShortFlag { get; init; }

    /// <summary>Whether its value is never printed.</summary>
    public bool IsSecret => Kind.IsSecret;

    /// <summary>The variable that sets it.</summary>
    public string Variable { get; } = Variables.Prefix + Key.Replace(".", "__", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>The section of the settings file that it stands in; empty above all sections.</summary>
    public string Section => Key.LastIndexOf('.') is var dot and > 0 ? Key[..dot] : "";

    /// <summary>The key by which the program binds it.</summary>
    public string Path { get; } = "Gofer:" + string.Concat(Key.Split('.').Select(n => ":" + string.Concat(n.Split('_').Select(Capital))))[1..];

    /// <summary>The default as it takes effect on this machine, or null.</summary>
    public string? Effective => Default ?? Found?.Invoke();

    /// <summary>The default for people.</summary>
    public string Told => Default ?? Otherwise ?? "";

    /// <summary>What is wrong with a value, as a sentence about whatever <paramref name="name"/> names, or null; a secret is not repeated.</summary>
    public string? Complaint(string name, string text) => Kind.Complaint(text) is { } wrong ? $"{name} {wrong}" : null;

    /// <summary>A value for people: a secret is masked.</summary>
    public string Shown(string text) => Kind.Shown(text);

    /// <inheritdoc/>
    public bool Equals(Setting? other) => ReferenceEquals(this, other);

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);

    private static string Capital(string word) => char.ToUpperInvariant(word[0]) + word[1..];
}
