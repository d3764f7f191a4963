using System.Text.Json;
using Gofer.Domain.Common;

namespace Gofer.Domain.Pipelines;

/// <summary>The parameters of one run.</summary>
public static class ParamValues
{
    /// <summary>
    /// What a run gets: every parameter that the version declares, given or by default. Refused where one is not declared, missing, of
    /// another type or no choice; <paramref name="pointer"/> is the place of the values in the request.
    /// </summary>
    public static Result<Dictionary<string, string>> Resolve(
        IReadOnlyList<ParamDefinition> declared, IReadOnlyDictionary<string, JsonElement> given, DocumentLimits limits, string pointer)
    {
        if (declared.Count == 0 && given.Count == 0) return new Dictionary<string, string>();
        var faults = new FaultList();
        var values = new Dictionary<string, string>(declared.Count, StringComparer.Ordinal);
        foreach (var parameter in declared)
        {
            var at = Fault.At(pointer, parameter.Name);
            if (!given.TryGetValue(parameter.Name, out var json) || json.ValueKind == JsonValueKind.Null)
            {
                if (parameter.Default is { } standing) values[parameter.Name] = standing;
                else faults.Invalid(at, $"The parameter '{parameter.Name}' is missing; it has no default and must be {ParamDefinition.Words(parameter.Type)}.");
            }
            else if (parameter.Complaint(json) is { } complaint)
            {
                faults.Invalid(at, $"The parameter '{parameter.Name}' {complaint}.");
            }
            else if (ParamDefinition.Read(parameter.Type, json, out _)! is var value && System.Text.Encoding.UTF8.GetByteCount(value) is var bytes && bytes > limits.VariableBytes)
            {
                faults.Invalid(at, $"The parameter '{parameter.Name}' is {bytes} bytes long; at most {limits.VariableBytes} are allowed.");
            }
            else
            {
                values[parameter.Name] = value;
            }
        }

        var names = declared.Select(p => p.Name).ToList();
        foreach (var name in given.Keys.Except(names))
        {
            faults.Invalid(Fault.At(pointer, name), $"The version has no parameter {Shown.Quoted(name)}.{faults.Suggest(name, names)}");
        }

        return faults.ToError() is { } error ? error : values;
    }
}
