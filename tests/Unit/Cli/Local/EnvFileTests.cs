using Gofer.Cli.Local;

namespace Gofer.Tests.Unit.Cli.Local;

public sealed class EnvFileTests
{
    [Fact]
    public void A_value_is_what_stands_behind_the_equals_sign_or_in_its_quotes()
    {
        var values = Read("""
            # a comment
            plain=a b # c

              export exported = x=y  
            empty=
            single='$HOME "as it is" \n'   # why
            double="one\ntwo \"quoted\" \\ $HOME"
            spans="-----BEGIN-----
            line
            -----END-----"
            pipeline_secret{{token}}=t
            twice=1
            twice=2
            """);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["plain"] = "a b # c",
                ["exported"] = "x=y",
                ["empty"] = "",
                ["single"] = "$HOME \"as it is\" \\n",
                ["double"] = "one\ntwo \"quoted\" \\ $HOME",
                ["spans"] = "-----BEGIN-----\nline\n-----END-----",
                ["pipeline_secret{{token}}"] = "t",
                ["twice"] = "2",
            },
            values);
    }

    [Theory]
    [InlineData("a=1\nhunter2", "Line 2 of .env has no '='; write NAME=value.")]
    [InlineData("=hunter2", "Line 1 of .env has no name before its '='.")]
    [InlineData("a='1\n2'\nb=\"hunter2\nc=3", "Line 3 of .env opens a double quote that nothing closes.")]
    [InlineData("a='hunter2", "Line 1 of .env opens a single quote that nothing closes.")]
    [InlineData("a='hunter2' hunter2", "Line 1 of .env goes on after its closing quote.")]
    public void What_cannot_be_read_is_told_by_its_line_and_without_any_value(string text, string said)
    {
        var read = EnvFile.Parse(text, ".env");
        Assert.False(read.IsOk);
        Assert.Equal(said, read.Error!.Message);
        Assert.DoesNotContain("hunter2", read.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_may_end_as_Windows_ends_them() => Assert.Equal("1", Read("a=1\r\nb=2\r\n")["a"]);

    [Fact]
    public void A_file_that_is_not_there_is_said_to_be() => Assert.Contains("nowhere.env", EnvFile.Read("/nowhere.env").Error!.Message, StringComparison.Ordinal);

    private static IReadOnlyDictionary<string, string> Read(string text)
    {
        var read = EnvFile.Parse(text, ".env");
        Assert.True(read.IsOk, read.IsOk ? "" : read.Error!.Message);
        return read.Value;
    }
}
