using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gofer.Tests.Integration.Secrets;

/// <summary>A search that finds nothing says something only where it would have found it.</summary>
public sealed class CanarySearchTests
{
    private static readonly JsonSerializerOptions s_relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static TheoryData<string, Func<string, string>> Forms { get; } = new()
    {
        { "raw", value => value },
        { "its first half", value => value[..13] },
        { "its second half", value => value[^13..] },
        { "base64", Base64 },
        { "base64 one byte on", value => Base64($"x{value}") },
        { "base64 two bytes on", value => Base64($"xy{value}z") },
        { "base64 for URLs", value => Base64(value).Replace('+', '-').Replace('/', '_').TrimEnd('=') },
        { "base64 in lines", value => string.Join('\n', Base64($"{new string('x', 50)}{value}").Chunk(64).Select(line => new string(line))) },
        { "base64 in lines, as JSON", value => JsonSerializer.Serialize(string.Join('\n', Base64($"{new string('x', 50)}{value}").Chunk(64).Select(line => new string(line)))) },
        { "hex", value => Convert.ToHexString(Encoding.UTF8.GetBytes(value)) },
        { "hex in lower case", value => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(value)) },
        { "of a URL", Uri.EscapeDataString },
        { "of a form", System.Net.WebUtility.UrlEncode },
        { "of a URL, every byte of it", value => string.Concat(Encoding.UTF8.GetBytes(value).Select(b => $"%{b:x2}")) },
        { "JSON", value => JsonSerializer.Serialize(value) },
        { "JSON as browsers write it", value => JsonSerializer.Serialize(value, s_relaxed) },
        { "JSON, every character of it", value => string.Concat(value.Select(c => $"\\u{(int)c:X4}")) },
        { "a URL in JSON", value => JsonSerializer.Serialize($"http://x/?y={Uri.EscapeDataString(value)}") },
        { "JSON in JSON", value => JsonSerializer.Serialize(JsonSerializer.Serialize(value)) },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_canary_is_found_in_every_form(string form, Func<string, string> write)
    {
        var (canary, other) = (Canary.Plant("here"), Canary.Plant("elsewhere"));
        var found = new CanarySearch([canary, other]).Find(Encoding.UTF8.GetBytes($"before {write(canary.Value)} after"));
        Assert.True(found.Count > 0, form);
        Assert.All(found, line => Assert.StartsWith("here, ", line, StringComparison.Ordinal));
    }

    [Fact]
    public void A_key_is_found_as_its_bytes_too_and_what_was_not_planted_is_not_found()
    {
        var key = Canary.OfKey("key", Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)));
        var search = new CanarySearch([key, Canary.PlantLines("lines")]);
        Assert.NotEmpty(search.Find(Convert.FromBase64String(key.Value)));
        Assert.NotEmpty(search.Find(Encoding.ASCII.GetBytes(key.Value)));
        Assert.Empty(search.Find(Encoding.UTF8.GetBytes($"{Canary.Plant("another").Value} ***")));
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
