using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Gofer.Domain.Access;

namespace Gofer.Api.Access;

/// <summary>What somebody shows to be let in, as far as it can be told from its looks.</summary>
internal abstract record Credential
{
    private static readonly SearchValues<char> s_base64Url = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private Credential()
    {
    }

    /// <summary>Under which what is known of it is kept. It is no secret.</summary>
    public abstract string Key { get; }

    /// <summary>Whether it is that of a task.</summary>
    public virtual bool IsOfRun => false;

    /// <summary>One of the install's own.</summary>
    public sealed record Own(TokenText Text) : Credential
    {
        /// <inheritdoc/>
        public override string Key => Text.Id;

        /// <inheritdoc/>
        public override bool IsOfRun => Text.IsOfRun;
    }

    /// <summary>A signed one, a JWT, such as identity providers make.</summary>
    public sealed record Signed(string Text) : Credential
    {
        /// <inheritdoc/>
        public override string Key { get; } = Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(Text)));

        /// <summary>Does not repeat what lets its holder in.</summary>
        public override string ToString() => $"JWT {Key}";
    }

    /// <summary>Reads one; null where it cannot be any.</summary>
    public static Credential? Parse(string text) => TokenText.Parse(text) is { } own ? new Own(own) : IsSigned(text) ? new Signed(text) : null;

    private static bool IsSigned(string text)
    {
        var parts = text.Split('.', 4);
        return parts.Length == 3 && parts.All(p => p.Length > 0 && !p.AsSpan().ContainsAnyExcept(s_base64Url));
    }
}
