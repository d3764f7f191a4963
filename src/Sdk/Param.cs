using System.Globalization;
using System.Text.Json;

namespace Gofer.Sdk;

/// <summary>A parameter of a pipeline. As text it is what stands for its value: <c>param{{name}}</c>.</summary>
public abstract class Param
{
    private protected Param(string name, string? description) => (Name, Description) = (Ids.Check(name), description);

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What it is for.</summary>
    public string? Description { get; }

    /// <summary>What stands for its value in a variable, a login or a concurrency key.</summary>
    public sealed override string ToString() => $"param{{{{{Name}}}}}";

    internal abstract void Write(Utf8JsonWriter json);
}

/// <summary>A parameter whose values are of type <typeparamref name="T"/>: string, int, long, double or bool.</summary>
public sealed class Param<T> : Param
    where T : notnull
{
    private static readonly string? s_type = typeof(T) switch
    {
        var t when t == typeof(string) => "string",
        var t when t == typeof(int) || t == typeof(long) => "int",
        var t when t == typeof(double) => "number",
        var t when t == typeof(bool) => "bool",
        _ => null,
    };

    private readonly object? _default;
    private readonly IReadOnlyList<T> _choices;

    internal Param(string name, object? standing, IEnumerable<T>? choices, string? description)
        : base(name, description)
    {
        if (s_type is null) throw new NotSupportedException($"A parameter is a string, an int, a long, a double or a bool, not a {typeof(T).Name}.");
        (_default, _choices) = (standing, [.. choices ?? []]);
        if (standing is T value && _choices.Count > 0 && !_choices.Contains(value)) throw new ArgumentException($"The default '{value}' of the parameter '{name}' is none of its choices.", nameof(standing));
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("name", Name);
        if (s_type != "string") json.WriteString("type", s_type);
        if (_default is not null)
        {
            json.WritePropertyName("default");
            Write(json, _default);
        }

        if (_choices.Count > 0)
        {
            json.WriteStartArray("choices");
            foreach (var choice in _choices) Write(json, choice);
            json.WriteEndArray();
        }

        if (!string.IsNullOrEmpty(Description)) json.WriteString("description", Description);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, object value)
    {
        if (value is string text) json.WriteStringValue(text);
        else if (value is bool flag) json.WriteBooleanValue(flag);
        else if (value is double number) json.WriteNumberValue(number);
        else json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
    }
}
