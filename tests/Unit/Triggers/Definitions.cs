using System.Globalization;
using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;

namespace Gofer.Tests.Unit.Triggers;

/// <summary>Short ways to read a trigger in a test and to look at how it was refused.</summary>
internal static class Definitions
{
    public static TriggerDefinition Good(string json)
    {
        var (definition, faults) = Read(json);
        Assert.True(faults.IsEmpty, string.Join("; ", faults.ToError()?.Faults ?? []));
        return definition!;
    }

    /// <summary>Asserts that it is refused for this one reason, whose message holds the words or is them.</summary>
    public static void IsRefused(string json, string pointer, string words, bool whole = false)
    {
        var fault = Assert.Single(Faults(json));
        Assert.Equal(pointer, fault.Pointer);
        if (whole) Assert.Equal(words, fault.Message);
        else Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    public static IReadOnlyList<Fault> Faults(string json) => Read(json).Faults.ToError()?.Faults ?? [];

    public static DateTimeOffset At(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture);

    private static (TriggerDefinition? Definition, FaultList Faults) Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        var faults = new FaultList();
        return (JsonFields.Open(document.RootElement.Clone(), faults) is { } fields ? TriggerReader.Read(fields) : null, faults);
    }
}
