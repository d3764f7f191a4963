namespace Gofer.Domain.Extensions;

/// <summary>What an extension says of itself, found good.</summary>
public sealed record ExtensionDescription
{
    /// <summary>What it calls itself, for people.</summary>
    public required string Name { get; init; }

    /// <summary>Its own version.</summary>
    public required string Version { get; init; }

    /// <summary>How it is used, in Markdown.</summary>
    public string Documentation { get; init; } = "";

    /// <summary>What an install of it is given.</summary>
    public IReadOnlyList<ExtensionParameter> Settings { get; init; } = [];

    /// <summary>What a subscription of it is given.</summary>
    public IReadOnlyList<ExtensionParameter> Params { get; init; } = [];

    /// <summary>Whether it takes requests that are sent to its URL.</summary>
    public bool ExternalEvents { get; init; }
}

/// <summary>A parameter of an install or of a subscription.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What its value must be.</param>
/// <param name="Required">Whether it must be given.</param>
/// <param name="Default">What it is where it is not given; empty where it then is nothing.</param>
/// <param name="Documentation">What it is for.</param>
public sealed record ExtensionParameter(string Name, ExtensionParameterType Type, bool Required, string Default, string Documentation);

/// <summary>Types of parameters; a value is text whatever the type.</summary>
public enum ExtensionParameterType
{
    /// <summary>Any text.</summary>
    String,

    /// <summary>A whole number of 64 bits.</summary>
    Int,

    /// <summary>A number.</summary>
    Number,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Bool,
}
