namespace Gofer.Sdk.Extensions;

/// <summary>What an extension is.</summary>
/// <param name="Name">What it calls itself; 1 to 63 characters.</param>
/// <param name="Version">Its own version; at most 63 characters.</param>
/// <param name="Documentation">What it does and how it is used, in Markdown; at most 64 KiB.</param>
public sealed record ExtensionDescription(string Name, string Version, string Documentation = "")
{
    /// <summary>What an install of it is given; they come as environment variables, by their names in upper case.</summary>
    public IReadOnlyList<ExtensionParameter> Settings { get; init; } = [];

    /// <summary>What a subscription of it is given.</summary>
    public IReadOnlyList<ExtensionParameter> Params { get; init; } = [];

    /// <summary>Whether <see cref="GoferExtension.HandleExternalAsync"/> does anything: it then has a URL at Gofer.</summary>
    public bool ExternalEvents { get; init; }
}

/// <summary>A parameter of an install or of a subscription.</summary>
/// <param name="Name">Its name: 1 to 63 of a-z 0-9 '_', the first a letter.</param>
/// <param name="Type">What its value must be.</param>
/// <param name="Documentation">What it is for, in a sentence.</param>
public sealed record ExtensionParameter(string Name, ExtensionParameterType Type = ExtensionParameterType.Text, string Documentation = "")
{
    /// <summary>Whether it must be given.</summary>
    public bool Required { get; init; }

    /// <summary>What it is where it is not given; empty where it then is nothing.</summary>
    public string Default { get; init; } = "";
}

/// <summary>Types of parameters.</summary>
public enum ExtensionParameterType
{
    /// <summary>Any text.</summary>
    Text = 1,

    /// <summary>A whole number that 64 bits hold.</summary>
    Whole = 2,

    /// <summary>A number.</summary>
    Number = 3,

    /// <summary>true or false.</summary>
    Flag = 4,
}

/// <summary>Something that a user has to mend.</summary>
/// <param name="Param">The parameter; empty where it is about all of them.</param>
/// <param name="Message">What is wrong and how it is mended, in a sentence. Never the value, which may be a secret.</param>
public sealed record ExtensionProblem(string Param, string Message);
