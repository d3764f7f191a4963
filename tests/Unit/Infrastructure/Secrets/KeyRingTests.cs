using Gofer.Infrastructure.Secrets;

namespace Gofer.Tests.Unit.Infrastructure.Secrets;

public sealed class KeyRingTests
{
    private static readonly string s_key = KeyRing.Generate("first");

    [Fact]
    public void The_first_key_seals_and_all_are_known_by_name()
    {
        var ring = KeyRing.Parse($" {s_key} , {KeyRing.Generate("second")},").Value;
        Assert.Equal("first", ring.Active);
        Assert.Equal(["first", "second"], ring.Names);
        Assert.Equal(KeyRing.KeyBytes, ring.Find("second")!.Length);
        Assert.Null(ring.Find("third"));
    }

    [Theory]
    [InlineData("", "names 0 keys")]
    [InlineData("AAAA", "without a name")]
    [InlineData("a b:AAAA", "whose name is none")]
    [InlineData(":AAAA", "whose name is none")]
    [InlineData("k:", "'k', which is not 32 bytes in base64")]
    [InlineData("k:not base64 at all", "'k', which is not 32 bytes in base64")]
    [InlineData("k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw=", "'k', which is not 32 bytes in base64")] // 29 of them
    [InlineData("k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "not random")] // zeros
    [InlineData("k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "not random")] // 0, 1, 2 …
    [InlineData("k:/v38+/r5+Pf29fTz8vHw7+7t7Ovq6ejn5uXk4+Lh4N8=", "not random")] // backwards
    [InlineData("k:Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZSBva2E=", "not random")] // a passphrase
    public void What_is_no_key_or_one_that_anybody_could_guess_is_refused(string text, string complaint)
    {
        var read = KeyRing.Parse(text);
        Assert.False(read.IsOk);
        Assert.Contains(complaint, read.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_complaint_holds_nothing_of_the_key()
    {
        var twice = KeyRing.Parse($"{s_key},{s_key}");
        Assert.Equal("has two keys of the name 'first'.", twice.Error!.Message);
        Assert.DoesNotContain("c2VjcmV0", KeyRing.Parse("c2VjcmV0+:k").Error!.Message, StringComparison.Ordinal); // the wrong way round
        Assert.DoesNotContain("c2VjcmV0", KeyRing.Parse("k:c2VjcmV0").Error!.Message, StringComparison.Ordinal);
        Assert.Contains("from 1 to 16", KeyRing.Parse(string.Join(',', Enumerable.Range(0, 17).Select(i => KeyRing.Generate($"k{i}")))).Error!.Message, StringComparison.Ordinal);
    }
}
