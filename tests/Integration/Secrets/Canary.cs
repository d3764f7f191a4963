using System.Security.Cryptography;
using System.Text;

namespace Gofer.Tests.Integration.Secrets;

/// <summary>
/// A value that is planted in one place and may turn up in no other. Looked for are pieces of it, so that a part of it is found too, in whatever
/// is written around and between them.
/// </summary>
internal sealed class Canary
{
    /// <summary>Characters of a piece: too many to come up by chance, few enough to be left by whatever cuts.</summary>
    private const int Piece = 12;

    private Canary(string place, string value, IEnumerable<byte[]> pieces) => (Place, Value, Pieces) = (place, value, [.. pieces]);

    /// <summary>Where it was planted.</summary>
    public string Place { get; }

    /// <summary>The whole value.</summary>
    public string Value { get; }

    /// <summary>What is looked for.</summary>
    public IReadOnlyList<byte[]> Pieces { get; }

    /// <summary>Two pieces with characters between them that base64, URLs and JSON write in ways of their own.</summary>
    public static Canary Plant(string place) => Of(place, $"{Letters()}\"/+ ü\\%<&{Letters()}");

    /// <summary>One of two lines.</summary>
    public static Canary PlantLines(string place) => Of(place, $"{Letters()}\n{Letters()}");

    /// <summary>A value that somebody else made, without the beginning that is public.</summary>
    public static Canary Of(string place, string value, int from = 0) => new(
        place, value, value[from..].Split(['"', '/', '+', ' ', 'ü', '\\', '%', '<', '&', '\n']).SelectMany(run => run.Chunk(Piece)).Where(c => c.Length == Piece).Select(c => Encoding.ASCII.GetBytes(c)));

    /// <summary>A key, which may be written as its bytes as well.</summary>
    public static Canary OfKey(string place, string base64) => new(
        place, base64, [.. Convert.FromBase64String(base64).Chunk(Piece).Where(c => c.Length == Piece), .. base64.Chunk(Piece).Where(c => c.Length == Piece).Select(c => Encoding.ASCII.GetBytes(c))]);

    private static string Letters() => RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", Piece);
}
