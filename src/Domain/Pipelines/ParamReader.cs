using Gofer.Domain.Common;

namespace Gofer.Domain.Pipelines;

/// <summary>Reads the parameters that a document declares.</summary>
internal static class ParamReader
{
    /// <summary>Reads them; <paramref name="what"/> is how a sentence calls them.</summary>
    public static List<ParamDefinition> Read(JsonValue member, DocumentLimits limits, string what = "parameters")
    {
        var items = member.Items();
        if (items.Count > limits.Params) member.Invalid($"There are {items.Count} {what}; at most {limits.Params} are allowed.");
        var read = new List<ParamDefinition>(items.Count);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            if (item.Object() is not { } fields) continue;
            var parameter = Read(fields, limits);
            if (parameter.Name.Length > 0 && !names.Add(parameter.Name)) fields["name"].Invalid($"The {what[..^1]} {Shown.Quoted(parameter.Name)} is declared twice.");
            read.Add(parameter);
        }

        return read;
    }

    private static ParamDefinition Read(JsonFields fields, DocumentLimits limits)
    {
        var type = fields["type"].Choice(DocumentWords.Types) switch
        {
            "int" => ParamType.Int,
            "number" => ParamType.Number,
            "bool" => ParamType.Bool,
            _ => ParamType.String,
        };
        var choices = new List<string>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        var offered = fields["choices"].Items();
        if (offered.Count > limits.Choices) fields["choices"].Invalid($"There are {offered.Count} choices; at most {limits.Choices} are allowed.");
        foreach (var choice in offered)
        {
            if (Value(choice, type, limits) is not { } value) continue;
            if (!known.Add(value)) choice.Invalid($"{choice.Label} is there twice.");
            else choices.Add(value);
        }

        var standing = fields["default"];
        var read = Value(standing, type, limits);
        if (read is not null && choices.Count > 0 && !known.Contains(read)) standing.Invalid($"The default {Shown.Quoted(read)} is none of the choices: {ParamDefinition.Offer(choices)}.");
        var parameter = new ParamDefinition(DocumentReader.Id(fields["name"]), type, read, choices, fields["description"].Text(limits.Description) ?? "");
        fields.Done();
        return parameter;
    }

    private static string? Value(JsonValue member, ParamType type, DocumentLimits limits)
    {
        if (member.Scalar() is not { } json) return null;
        var value = ParamDefinition.Read(type, json, out var complaint);
        if (complaint is not null) member.Invalid($"{member.Label} {complaint}, as the parameter's type says.");
        if (value is not null && System.Text.Encoding.UTF8.GetByteCount(value) is var bytes && bytes > limits.VariableBytes)
        {
            member.Invalid($"{member.Label} is {bytes} bytes long; at most {limits.VariableBytes} are allowed.");
        }

        return value;
    }
}
