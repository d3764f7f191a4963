namespace Gofer.Application.Extensions;

/// <summary>An extension answered what none may: <paramref name="what"/> is wrong by the rule that <c>extension.proto</c> names in brackets.</summary>
public sealed class ExtensionProtocolException(string rule, string what) : Exception($"The extension breaks the rule [{rule}] of proto/gofer/extension/v1: {what}")
{
    /// <summary>The rule's word, such as <c>proof</c>.</summary>
    public string Rule { get; } = rule;

    /// <summary>What is wrong, in a sentence. Nothing of what the extension sent stands in it but names.</summary>
    public string What { get; } = what;
}
