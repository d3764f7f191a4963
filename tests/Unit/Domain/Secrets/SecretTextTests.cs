using System.Text.Json;
using Gofer.Domain.Secrets;

namespace Gofer.Tests.Unit.Domain.Secrets;

public sealed class SecretTextTests
{
    [Fact]
    public void Nothing_that_prints_or_serialises_a_value_shows_it()
    {
        var secret = SecretText.Of("correct horse").Value;
        Assert.Equal("correct horse", secret.Reveal());
        Assert.Equal("********", secret.ToString());
        Assert.Equal("{}", JsonSerializer.Serialize(secret));
        Assert.DoesNotContain("horse", new { Secret = secret }.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_longest_value_is_64_KiB_of_UTF_8()
    {
        Assert.True(SecretText.Of(new string('ä', SecretText.MaxBytes / 2)).IsOk);
        Assert.Equal("is 65538 bytes long; at most 65536 are allowed.", SecretText.Of(new string('ä', (SecretText.MaxBytes / 2) + 1)).Error!.Message);
    }

    [Theory]
    [InlineData("", "must not be empty.")]
    [InlineData("a\0b", "may not hold a NUL: no variable of a process can.")]
    public void What_no_variable_could_be_is_refused_without_the_value(string value, string complaint) =>
        Assert.Equal(complaint, SecretText.Of(value).Error!.Message);
}
