namespace Gofer.Cli.Configuration;

/// <summary>Where the value of a setting comes from, strongest first.</summary>
internal enum SourceKind
{
    /// <summary>The command line.</summary>
    Flag,

    /// <summary>A variable of the environment, or the file that one names.</summary>
    Environment,

    /// <summary>A context of the settings file.</summary>
    Context,

    /// <summary>A settings file.</summary>
    File,

    /// <summary>Nobody set it.</summary>
    Default,
}

/// <summary>Where a value comes from: <c>--server</c>, <c>GOFER_SERVER</c>, <c>/etc/gofer/gofer.toml:3</c>.</summary>
internal sealed record Source(SourceKind Kind, string Place)
{
    public static Source Default { get; } = new(SourceKind.Default, "default");
}

/// <summary>A value as somebody wrote it, as the program binds it, and where it stands.</summary>
internal sealed record Written(string Text, string Value, Source Source);

/// <summary>What one place sets; a setting that it does not name is left to the next.</summary>
internal sealed class Layer
{
    private readonly Dictionary<Setting, Written> _values = [];

    /// <summary>What it sets, or null.</summary>
    public Written? this[Setting setting] => _values.GetValueOrDefault(setting);

    /// <summary>Whether its token may go to a server that a stronger place names.</summary>
    public bool SendsTokenAnywhere { get; init; }

    /// <summary>Takes a value; what is wrong with it is added to <paramref name="complaints"/>, with <paramref name="name"/> for what holds it.</summary>
    public void Add(Setting setting, string text, Source source, string name, List<string> complaints)
    {
        if (setting.Complaint(name, text) is { } wrong) complaints.Add(wrong);
        else _values[setting] = new Written(text, setting.Kind.Read(text)!, source);
    }

    /// <summary>Takes a value that another place has.</summary>
    public void Add(Setting setting, Written written) => _values[setting] = written;
}
