using System.Text.Json;
using Gofer.Application.SharedTasks;
using Gofer.Domain.Common;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Gofer.Infrastructure.Postgres;

/// <summary>Typed ids are plain UUIDs in the database.</summary>
internal sealed class IdConverter<TId>() : ValueConverter<TId, Guid>(id => id.Value, value => From(value))
    where TId : struct, IId<TId>
{
    private static TId From(Guid value) => TId.From(value);
}

/// <summary>States are the API's lower-case words in the database.</summary>
internal sealed class StateConverter<TState>() : ValueConverter<TState, string>(state => StateText.Of(state), text => StateText.Parse<TState>(text))
    where TState : struct, Enum;

/// <summary>The words of states, one place for EF and for the engine's SQL.</summary>
internal static class StateText
{
    /// <summary>The word of <paramref name="state"/>.</summary>
    public static string Of<TState>(TState state)
        where TState : struct, Enum => Words<TState>.ByState[state];

    /// <summary>The state of a word that the database's checks let in.</summary>
    public static TState Parse<TState>(string text)
        where TState : struct, Enum => Words<TState>.ByText[text];

    private static class Words<TState>
        where TState : struct, Enum
    {
        public static readonly Dictionary<TState, string> ByState =
            Enum.GetValues<TState>().ToDictionary(s => s, s => JsonNamingPolicy.SnakeCaseLower.ConvertName(s.ToString()));

        public static readonly Dictionary<string, TState> ByText = ByState.ToDictionary(p => p.Value, p => p.Key, StringComparer.Ordinal);
    }
}

/// <summary>Maps of text are jsonb objects.</summary>
internal sealed class TextMapConverter() : ValueConverter<Dictionary<string, string>, string>(map => TextMap.Write(map), json => TextMap.Read(json));

/// <summary>Compares maps by content, so that EF sees a change of one.</summary>
internal sealed class TextMapComparer() : ValueComparer<Dictionary<string, string>>(
    (a, b) => a!.Count == b!.Count && !a.Except(b).Any(),
    map => map.Count,
    map => new Dictionary<string, string>(map));

/// <summary>Maps of any values are jsonb objects.</summary>
internal sealed class JsonMapConverter() : ValueConverter<Dictionary<string, JsonElement>, string>(map => JsonMap.Write(map), json => JsonMap.Read(json));

/// <summary>Compares maps by what they say, so that EF sees a change of one.</summary>
internal sealed class JsonMapComparer() : ValueComparer<Dictionary<string, JsonElement>>(
    (a, b) => JsonMap.Write(a!) == JsonMap.Write(b!),
    map => map.Count,
    map => new Dictionary<string, JsonElement>(map));

/// <summary>What uses came to is a jsonb object.</summary>
internal sealed class SharedTaskMapConverter() : ValueConverter<Dictionary<string, SharedTaskPin>, string?>(map => SharedTaskRows.Write(map), json => SharedTaskRows.Read(json!));

/// <summary>Compares them by content; nobody changes one through EF.</summary>
internal sealed class SharedTaskMapComparer() : ValueComparer<Dictionary<string, SharedTaskPin>>(
    (a, b) => SharedTaskRows.Write(a) == SharedTaskRows.Write(b),
    map => map.Count,
    map => new Dictionary<string, SharedTaskPin>(map));

/// <summary>JSON of a map of any values.</summary>
internal static class JsonMap
{
    /// <summary>The map as a JSON object.</summary>
    public static string Write(IReadOnlyDictionary<string, JsonElement> map) => map.Count == 0 ? "{}" : JsonSerializer.Serialize(map);

    /// <summary>The map of a JSON object.</summary>
    public static Dictionary<string, JsonElement> Read(string json) =>
        json == "{}" ? [] : JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json)!;

    /// <summary>The values of a JSON object as text: a string's own, anything else as it is written.</summary>
    public static Dictionary<string, string> Texts(string json) => Read(json)
        .ToDictionary(p => p.Key, p => p.Value.ValueKind == JsonValueKind.String ? p.Value.GetString()! : p.Value.GetRawText(), StringComparer.Ordinal);
}

/// <summary>JSON of a map of text, one place for EF and for the engine's SQL.</summary>
internal static class TextMap
{
    /// <summary>The map as a JSON object.</summary>
    public static string Write(IReadOnlyDictionary<string, string> map) => map.Count == 0 ? "{}" : JsonSerializer.Serialize(map);

    /// <summary>The map of a JSON object.</summary>
    public static Dictionary<string, string> Read(string json) =>
        json == "{}" ? [] : JsonSerializer.Deserialize<Dictionary<string, string>>(json)!;
}
