using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Gofer.Domain.Access;
using Gofer.Tests.Support;

namespace Gofer.Tests.Unit.Domain.Access;

public sealed class TokenTextTests
{
    /// <summary>Where hashes of tokens are known.</summary>
    private static readonly string[] s_judges = ["Api/Access", "Application/Access", "Domain/Access", "Infrastructure/Postgres"];

    [Fact]
    public void A_new_token_is_read_again_and_is_the_one_of_its_hash_alone()
    {
        var (text, other) = (TokenText.New(), TokenText.New());
        var read = TokenText.Parse(text.Reveal())!;
        Assert.Equal((text.Id, text.Reveal()), (read.Id, read.Reveal()));
        Assert.True(read.Is(text.Hash));
        Assert.False(other.Is(text.Hash));
        Assert.False(read.Is([]));
        Assert.Equal(SHA256.HashData(Encoding.ASCII.GetBytes(text.Reveal())), text.Hash);
        Assert.Matches($"^{TokenText.Pattern}$", text.Reveal());
        Assert.True(TokenText.IsId(text.Id));
    }

    [Fact]
    public void A_runs_token_tells_by_its_looks_and_its_id_is_none_that_anybody_lists()
    {
        var text = TokenText.NewOfRun();
        Assert.True(TokenText.Parse(text.Reveal())!.IsOfRun);
        Assert.False(TokenText.New().IsOfRun);
        Assert.False(TokenText.IsId(text.Id));
        Assert.Matches($"^{TokenText.Pattern}$", text.Reveal());
    }

    [Fact]
    public void Nothing_prints_a_token() => Assert.Matches("^gof_[0-9a-f]{16}_\\*{8}$", TokenText.New().ToString());

    [Fact]
    public void Of_a_token_with_one_character_changed_nothing_is_left() =>
        Gen.Select(Gen.Int[0, 84], Gen.Char).Sample((at, changed) =>
        {
            var text = TokenText.New();
            var written = text.Reveal();
            var other = written[..at] + changed + written[(at + 1)..];
            return other == written || TokenText.Parse(other) is not { } read || !read.Is(text.Hash);
        });

    [Theory]
    [InlineData("")]
    [InlineData("gof_")]
    [InlineData("Bearer")]
    [InlineData("gof_0123456789abcdef_")]
    public void What_is_no_token_is_not_read(string text) => Assert.Null(TokenText.Parse(text));

    [Fact]
    public void What_is_longer_or_written_otherwise_is_not_read()
    {
        var text = TokenText.New().Reveal();
        Assert.All([text + "0", text[1..], text.ToUpperInvariant(), " " + text, text.Replace('_', '-')], t => Assert.Null(TokenText.Parse(t)));
        Assert.DoesNotMatch(new Regex($"^{TokenText.Pattern}$"), text + "\n0");
        Assert.All(["", "0123456789abcde", "0123456789abcdeF", "0123456789abcdef0"], id => Assert.False(TokenText.IsId(id)));
    }

    /// <summary>What is compared at one place alone, and there in a time that says nothing, is compared so everywhere.</summary>
    [Fact]
    public void Nothing_of_a_token_is_compared_but_in_constant_time()
    {
        var text = TokenText.New();
        for (var i = 0; i < text.Hash.Length; i++)
        {
            byte[] wrong = [.. text.Hash];
            wrong[i] ^= 1;
            Assert.False(text.Is(wrong));
        }

        Assert.True(text.Is(text.Hash));
        var source = File.ReadAllText(Repository.PathOf("src/Domain/Access/TokenText.cs"));
        Assert.Contains("public bool Is(ReadOnlySpan<byte> hash) => CryptographicOperations.FixedTimeEquals(Hash, hash);", source, StringComparison.Ordinal);
        // Whoever has two hashes, or a hash and the database, might compare them by other means.
        var comparing = new Regex(@"Hash\b[^;\n]{0,40}(==|!=|SequenceEqual|\.Equals)|\b\w\.hash\s*=", RegexOptions.NonBacktracking);
        var elsewhere = s_judges
            .SelectMany(folder => Directory.EnumerateFiles(Repository.PathOf($"src/{folder}"), "*.cs", SearchOption.AllDirectories))
            .SelectMany(file => File.ReadLines(file).Where(line => comparing.IsMatch(line)).Select(line => $"{Path.GetFileName(file)}: {line.Trim()}"));
        Assert.Empty(elsewhere);
    }
}
