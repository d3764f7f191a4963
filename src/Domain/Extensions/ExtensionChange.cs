using System.Text.Json;
using System.Text.Json.Nodes;
using Gofer.Domain.Common;

namespace Gofer.Domain.Extensions;

/// <summary>What is to be changed of how an extension is run: members as they were written. What is left away stays; <c>null</c> takes a member away.</summary>
public sealed class ExtensionChange
{
    private static readonly string[] s_members =
        ["image", "entrypoint", "command", "user", "working_dir", "always_pull_newest_image", "registry_auth", "resources", "endpoint", "settings"];

    private readonly Dictionary<string, JsonElement> _members;

    private ExtensionChange(Dictionary<string, JsonElement> members) => _members = members;

    /// <summary>Nothing.</summary>
    public static ExtensionChange None { get; } = new([]);

    /// <summary>Whether nothing is changed.</summary>
    public bool IsEmpty => _members.Count == 0;

    /// <summary>The members of a body; those that it does not know are complained of.</summary>
    public static ExtensionChange Read(JsonElement root, JsonFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var members = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var name in s_members)
        {
            _ = fields[name];
            if (root.TryGetProperty(name, out var value)) members[name] = value.Clone();
        }

        fields.Done();
        return new ExtensionChange(members);
    }

    /// <summary>The definition with the changes, or what is wrong with it then.</summary>
    public Result<ExtensionDefinition> Apply(string stored)
    {
        var whole = JsonNode.Parse(stored)!.AsObject();
        foreach (var (name, value) in _members)
        {
            if (value.ValueKind == JsonValueKind.Null) whole.Remove(name);
            else whole[name] = JsonNode.Parse(value.GetRawText());
        }

        var faults = new FaultList();
        var fields = JsonFields.Open(JsonSerializer.SerializeToElement(whole), faults)!;
        var definition = ExtensionReader.Read(fields);
        return faults.ToError() is { } error ? error : definition;
    }
}
