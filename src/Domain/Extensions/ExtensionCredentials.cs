using System.Security.Cryptography;
using System.Text;

namespace Gofer.Domain.Extensions;

/// <summary>
/// How Gofer and an extension prove to each other that they know the same token, which neither of them ever sends: whoever listens in an extension's
/// place gets nothing to call the real one with that it could make itself, and no answer of its own is believed.
/// </summary>
public static class ExtensionCredentials
{
    /// <summary>The header that holds <see cref="Caller"/> after the word Bearer.</summary>
    public const string CallerHeader = "authorization";

    /// <summary>The header of a call that holds its nonce.</summary>
    public const string NonceHeader = "gofer-nonce";

    /// <summary>The header of an answer that holds <see cref="Proof"/>.</summary>
    public const string ProofHeader = "gofer-proof";

    /// <summary>What shows an extension that Gofer calls.</summary>
    public static string Caller(string token) => Mac(token, "gofer.extension.v1 call");

    /// <summary>What shows Gofer that the extension answers the call with that nonce.</summary>
    public static string Proof(string token, string nonce) => Mac(token, "gofer.extension.v1 proof " + nonce);

    /// <summary>Whether it is the proof, in a time that says nothing about it.</summary>
    public static bool IsProof(string token, string nonce, string? proof) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Proof(token, nonce)), Encoding.UTF8.GetBytes(proof ?? ""));

    private static string Mac(string token, string text) => Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(text)));
}
