using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Gofer.Cli.Authoring;

/// <summary>Finds the places of JSON pointers in the text that somebody wrote.</summary>
internal static class JsonPlaces
{
    /// <summary>
    /// Line and column, from 1, of a member's name or of an item; where the way to it ends early, of the last that is there, since that is what
    /// lacks it. The text must be JSON.
    /// </summary>
    public static (int Line, int Column) Find(string text, string pointer)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(bytes);
        reader.Read();
        var at = (int)reader.TokenStartIndex;
        foreach (var step in pointer.Split('/').Skip(1))
        {
            var name = step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (!Enter(ref reader, name, ref at)) break;
        }

        return Position(bytes.AsSpan(0, at));
    }

    private static bool Enter(ref Utf8JsonReader reader, string name, ref int at)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals(name))
                {
                    at = (int)reader.TokenStartIndex;
                    return reader.Read();
                }

                reader.Skip();
            }
        }
        else if (reader.TokenType == JsonTokenType.StartArray && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            for (reader.Read(); reader.TokenType != JsonTokenType.EndArray; reader.Read())
            {
                if (index-- == 0)
                {
                    at = (int)reader.TokenStartIndex;
                    return true;
                }

                reader.Skip();
            }
        }

        return false;
    }

    private static (int Line, int Column) Position(ReadOnlySpan<byte> before)
    {
        var start = before.LastIndexOf((byte)'\n') + 1;
        return (before.Count((byte)'\n') + 1, Encoding.UTF8.GetCharCount(before[start..]) + 1);
    }
}
