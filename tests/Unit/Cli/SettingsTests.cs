using Gofer.Cli.Hosting;

namespace Gofer.Tests.Unit.Cli;

public sealed class SettingsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-settings-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_flag_wins_over_the_file()
    {
        var file = File("""
            postgres = "postgres://file/gofer"
            namespace = "team"
            [worker]
            stop_grace = "1m30s"
            capacity = 7
            """);
        var settings = Settings.Load(file, new Dictionary<string, string?> { ["Gofer:Postgres"] = "postgres://flag/gofer", ["Gofer:Namespace"] = null }).Value;
        Assert.Equal(
            ("postgres://flag/gofer", "team", "00:01:30", "7"),
            (settings["Gofer:Postgres"], settings["Gofer:Namespace"], settings["Gofer:Worker:StopGrace"], settings["Gofer:Worker:Capacity"]));
    }

    [Theory]
    [InlineData("[worker]\nlaese = \"1s\"", "Did you mean 'worker.lease'?")]
    [InlineData("posgres = \"x\"", "Did you mean 'postgres'?")]
    [InlineData("colour = \"green\"", "There is no setting 'colour'. There are: ")]
    [InlineData("[worker]\nlease = \"soon\"", "The setting worker.lease is 'soon'; it must be a duration such as 90s or 1h30m.")]
    [InlineData("[worker", "cannot be read")]
    [InlineData("[api]\ndev_mode = true", "There is no setting 'api.dev_mode'.")]
    public void What_is_wrong_with_a_file_is_said_with_what_was_meant(string text, string said) =>
        Assert.Contains(said, Settings.Load(File(text), new Dictionary<string, string?>()).Error!.Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_that_was_named_must_be_there() =>
        Assert.Contains("cannot be read", Settings.Load(Path.Combine(_folder, "none.toml"), new Dictionary<string, string?>()).Error!.Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("250ms", 0.25)]
    [InlineData("90s", 90)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("2d", 172800)]
    public void Durations_are_numbers_with_units(string text, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), Settings.Duration(text));

    [Theory]
    [InlineData("")]
    [InlineData("90")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1 s")]
    [InlineData("1y")]
    public void Anything_else_is_no_duration(string text) => Assert.Null(Settings.Duration(text));

    private string File(string text)
    {
        var path = Path.Combine(_folder, "gofer.toml");
        System.IO.File.WriteAllText(path, text);
        return path;
    }
}
