using System.Text;
using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Domain.SharedTasks;

/// <summary>An input of a task that runs: its value, or the secret or object that stands for it until the task starts.</summary>
/// <param name="Text">The value; of a reference what was written.</param>
/// <param name="Reference">Kind and key of what it stands for; null where the text is the value.</param>
public readonly record struct InputValue(string Text, (string Kind, string Key)? Reference);

/// <summary>What is wrong with one input, with the parameter that is to blame where one is.</summary>
public readonly record struct InputFault(string? Input, string? Parameter, string Message);

/// <summary>Brings what a task writes in <c>with</c> together with the inputs that a shared task takes.</summary>
public static class TaskInputs
{
    /// <summary>
    /// What is wrong with them. Without <paramref name="parameters"/>, as while a document is registered, values that a parameter stands in are not judged;
    /// those of secrets and objects never are.
    /// </summary>
    public static IReadOnlyList<InputFault> Check(
        SharedTaskDefinition definition, IReadOnlyDictionary<string, JsonElement> with, IReadOnlyDictionary<string, string>? parameters, DocumentLimits limits)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentNullException.ThrowIfNull(with);
        ArgumentNullException.ThrowIfNull(limits);
        var faults = new List<InputFault>();
        foreach (var input in definition.Inputs)
        {
            if (!with.TryGetValue(input.Name, out var given))
            {
                if (input.Default is null) faults.Add(new InputFault(null, null, $"The input '{input.Name}' is missing; it has no default and must be {ParamDefinition.Words(input.Type)}."));
                continue;
            }

            if (given.ValueKind == JsonValueKind.String && Interpolation.Parse(given.GetString()!) is { } whole && whole.Kind != Interpolation.Param) continue;
            var parameter = ParameterIn(given);
            if (parameter is not null && parameters is null) continue;
            var value = parameter is null ? given : JsonSerializer.SerializeToElement(Put(given.GetString()!, parameters!));
            if (input.Complaint(value) is { } complaint)
            {
                faults.Add(new InputFault(input.Name, parameter, $"The input '{input.Name}' {complaint}."));
            }
            else if (parameter is not null && Encoding.UTF8.GetByteCount(value.GetString()!) is var bytes && bytes > limits.VariableBytes)
            {
                faults.Add(new InputFault(input.Name, parameter, $"The input '{input.Name}' is {bytes} bytes long with its parameters; at most {limits.VariableBytes} are allowed."));
            }
        }

        var names = definition.Inputs.Select(i => i.Name).ToList();
        foreach (var name in with.Keys.Except(names))
        {
            var near = Nearest.Of(name, names) is { } nearest ? $" Did you mean {Shown.Quoted(nearest)}?" : "";
            faults.Add(new InputFault(name, null, $"The shared task has no input {Shown.Quoted(name)}.{near}"));
        }

        return faults;
    }

    /// <summary>The inputs of a run whose parameters were found good by <see cref="Check"/>: each in the normal form of its type, given or by default.</summary>
    public static IReadOnlyDictionary<string, InputValue> Resolve(
        SharedTaskDefinition definition, IReadOnlyDictionary<string, JsonElement> with, IReadOnlyDictionary<string, string> parameters)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentNullException.ThrowIfNull(with);
        var values = new Dictionary<string, InputValue>(definition.Inputs.Count, StringComparer.Ordinal);
        foreach (var input in definition.Inputs)
        {
            if (!with.TryGetValue(input.Name, out var given))
            {
                if (input.Default is { } standing) values[input.Name] = new InputValue(standing, null);
                continue;
            }

            if (given.ValueKind == JsonValueKind.String && Interpolation.Parse(given.GetString()!) is { } whole && whole.Kind != Interpolation.Param)
            {
                values[input.Name] = new InputValue(given.GetString()!, whole);
                continue;
            }

            // What a parameter brings is text and stands for nothing, whatever it looks like: who starts a run must not name secrets by it.
            var value = ParameterIn(given) is null ? given : JsonSerializer.SerializeToElement(Put(given.GetString()!, parameters));
            values[input.Name] = new InputValue(ParamDefinition.Read(input.Type, value, out _) ?? value.ToString(), null);
        }

        return values;
    }

    private static string? ParameterIn(JsonElement given) => given.ValueKind != JsonValueKind.String
        ? null
        : Parts(given.GetString()!).Where(p => p.Kind == Interpolation.Param).Select(p => p.Text).FirstOrDefault();

    private static string Put(string text, IReadOnlyDictionary<string, string> parameters) =>
        string.Concat(Parts(text).Select(p => p.Kind == Interpolation.Param ? parameters.GetValueOrDefault(p.Text, "") : p.Text));

    /// <summary>Space around a parameter that is the whole value does not count, as in a variable.</summary>
    private static IEnumerable<(string? Kind, string Text)> Parts(string text) =>
        Interpolation.Parse(text) is { Kind: Interpolation.Param } whole ? [(whole.Kind, whole.Key)] : Interpolation.Split(text);
}
