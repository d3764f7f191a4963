using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Domain.SharedTasks;

/// <summary>Reads the definition of a shared task by the rules of documents, and says everything that is wrong with it.</summary>
public static class SharedTaskReader
{
    /// <summary>Reads it.</summary>
    public static Result<SharedTaskDefinition> Read(JsonElement root, DocumentLimits limits)
    {
        var faults = new FaultList();
        if (JsonFields.Open(root, faults) is not { } fields) return faults.ToError()!;
        var definition = Read(fields, limits);
        return faults.ToError() is { } error ? error : definition;
    }

    /// <summary>Reads back what <see cref="SharedTaskWriter"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The text is no definition: what stores it is damaged.</exception>
    public static SharedTaskDefinition ReadStored(string normalised)
    {
        using var json = JsonDocument.Parse(normalised);
        var result = Read(json.RootElement, DocumentLimits.None);
        return result.IsOk ? result.Value : throw new InvalidDataException($"A stored shared task cannot be read: {result.Error.Message}");
    }

    /// <summary>The variable in which a container finds an input.</summary>
    public static string Variable(string input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return $"INPUT_{input.ToUpperInvariant().Replace('-', '_')}";
    }

    private static SharedTaskDefinition Read(JsonFields fields, DocumentLimits limits)
    {
        var (container, call) = (fields["container"], fields["call"]);
        if (container.IsAbsent && call.IsAbsent) container.Invalid("A shared task is either a 'container' or a 'call'; this is neither.");
        if (!container.IsAbsent && !call.IsAbsent) call.Invalid("A shared task is either a 'container' or a 'call'; this is both.");
        var definition = new SharedTaskDefinition
        {
            Version = Version(fields["version"]),
            Description = fields["description"].Text(limits.Description) ?? "",
            Inputs = Inputs(fields["inputs"], limits),
            Container = new TaskReader(limits, null).Container(container),
            Call = Call(call, limits),
        };
        fields.Done();
        return definition;
    }

    private static TaskVersion Version(JsonValue member)
    {
        if (member.Required().Text() is not { } text) return default;
        if (!TaskVersion.TryParse(text, out var version)) member.Invalid($"The version {Shown.Quoted(text)} must be {TaskVersion.Rule}; no number is above {TaskVersion.Greatest} or begins with a zero.");
        return version;
    }

    private static List<ParamDefinition> Inputs(JsonValue member, DocumentLimits limits)
    {
        var inputs = ParamReader.Read(member, limits, "inputs");
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var input in inputs.Where(i => i.Name.Length > 0))
        {
            var variable = Variable(input.Name);
            if (!variables.TryAdd(variable, input.Name) && variables[variable] != input.Name) member.Invalid($"The inputs '{variables[variable]}' and '{input.Name}' would both be the variable {variable}.");
        }

        return inputs;
    }

    private static TaskCall? Call(JsonValue member, DocumentLimits limits)
    {
        if (member.Object() is not { } fields) return null;
        var call = new TaskCall(Endpoint(fields["endpoint"].Required()), DocumentReader.Id(fields["task"]), Token(fields["token"], limits));
        fields.Done();
        return call;
    }

    private static string Endpoint(JsonValue member)
    {
        if (member.Text(TaskCall.MaxEndpoint) is not { Length: <= TaskCall.MaxEndpoint } text) return "";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url is not { Scheme: "http" or "https" } || !Addresses.HasHost(url) || text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
        {
            member.Invalid($"{member.Label} must be an absolute address that begins with http:// or https://, such as http://lint.internal:7000.");
        }
        else if (url.UserInfo.Length > 0 || url.PathAndQuery != "/" || url.Fragment.Length > 0)
        {
            member.Invalid($"{member.Label} is a host and a port alone: no user, path or query. A secret goes into 'token'.");
        }

        return text;
    }

    private static string? Token(JsonValue member, DocumentLimits limits)
    {
        if (member.Text(limits.Setting) is not { Length: > 0 } text) return null;
        // Definitions are read by many.
        if (Interpolation.Parse(text) is not { } found || !Interpolation.IsSecret(found.Kind)) member.Invalid($"{member.Label} must stand for a secret, such as namespace_secret{{{{lint}}}}; 'gofer secret set lint' stores one.");
        else if (Slug.Complaint(found.Key) is { } complaint) member.Invalid($"{member.Label} stands for a secret whose key {complaint}");
        return text;
    }
}
