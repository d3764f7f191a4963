using System.Text.Json;
using Gofer.Domain.Common;

namespace Gofer.Domain.Triggers.Hooks;

/// <summary>Where something of an event stands: a header, or a place of the body.</summary>
internal sealed record EventPlace(string? Header, JsonPointer? Pointer)
{
    /// <summary>How a sentence names it.</summary>
    public string Label => Header is not null ? $"The header {Header}" : $"\"{Pointer!.Text}\"";

    /// <summary>Reads the one of <c>pointer</c> and <c>header</c> that there is; null, and a fault, where there is not one.</summary>
    public static EventPlace? Read(JsonFields fields)
    {
        var (pointer, header) = (fields["pointer"], fields["header"]);
        if (pointer.IsAbsent == header.IsAbsent)
        {
            fields.Faults.Invalid(fields.Pointer, "Give one of 'pointer' (a place of the body) and 'header'.");
            return null;
        }

        if (header.IsAbsent) return JsonPointer.Read(pointer) is { } place ? new EventPlace(null, place) : null;
        if (header.Text(100) is not { } name) return null;
        if (name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')) return new EventPlace(name, null);
        header.Invalid($"'header' is {Shown.Quoted(name)}; it must be the name of a header, such as X-Event-Id.");
        return null;
    }

    /// <summary>What stands there, as text; null where nothing does.</summary>
    public string? TextIn(EventContent content) => Header is not null ? content.Header(Header) : content.At(Pointer!) is { } value ? EventContent.TextOf(value) : null;

    /// <summary>What stands there, as JSON; null where nothing does.</summary>
    public JsonElement? ValueIn(EventContent content)
    {
        if (Header is null) return content.At(Pointer!);
        return content.Header(Header) is { } text ? JsonSerializer.SerializeToElement(text) : null;
    }
}
