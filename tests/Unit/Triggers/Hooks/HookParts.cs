using System.Text;
using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers.Hooks;
using Gofer.Tests.Support;

namespace Gofer.Tests.Unit.Triggers.Hooks;

/// <summary>Rules read from JSON, and events to judge by them.</summary>
internal static class HookParts
{
    public static EventContent Event(string body, params (string Name, string Value)[] headers) => Event(Encoding.UTF8.GetBytes(body), headers);

    public static EventContent Event(byte[] body, params (string Name, string Value)[] headers) => new(headers.ToDictionary(h => h.Name, h => h.Value), body);

    /// <summary>A delivery of GitHub.</summary>
    public static EventContent Github(string name, Func<string, string>? change = null) =>
        Event((change ?? (t => t))(Fixture(name)), ("X-GitHub-Event", name), ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"));

    public static string Fixture(string name) => File.ReadAllText(Repository.PathOf($"tests/Unit/Triggers/Hooks/Fixtures/{name}.json"));

    /// <summary>What the reader makes of the member <c>x</c>, which nothing may be wrong with.</summary>
    public static T Good<T>(Func<JsonValue, T> read, string json)
    {
        var faults = new FaultList();
        var value = read(Open($$"""{"x":{{json}}}""", faults)["x"]);
        Assert.True(faults.IsEmpty, faults.ToError()?.ToString());
        return value;
    }

    /// <summary>What is wrong with the member <c>x</c>: pointers and sentences.</summary>
    public static string Wrong<T>(Func<JsonValue, T> read, string json)
    {
        var faults = new FaultList();
        read(Open($$"""{"x":{{json}}}""", faults)["x"]);
        return Said(faults);
    }

    public static string Said(FaultList faults) => string.Join('\n', faults.ToError()?.Faults?.Select(f => $"{f.Pointer}: {f.Message}") ?? []);

    public static JsonFields Open(string json, FaultList faults) => JsonFields.Open(JsonDocument.Parse(json).RootElement.Clone(), faults)!;

    /// <summary>The cells of a table of a guide, by the heading that it stands under; code marks are taken off.</summary>
    public static IReadOnlyList<string[]> Table(string page, string heading)
    {
        var lines = File.ReadAllLines(Repository.PathOf(page)).SkipWhile(l => l != heading).SkipWhile(l => !l.StartsWith('|')).TakeWhile(l => l.StartsWith('|')).Skip(2);
        string[][] rows = [.. lines.Select(l => l.Trim('|').Split('|').Select(c => c.Trim()).ToArray())];
        Assert.NotEmpty(rows);
        return rows;
    }

    /// <summary>What a cell has between its code marks.</summary>
    public static string[] Codes(string cell) => [.. cell.Split('`').Where((_, i) => i % 2 == 1)];
}
