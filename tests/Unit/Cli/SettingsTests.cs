using Gofer.Cli.Hosting;

namespace Gofer.Tests.Unit.Cli;

public sealed class SettingsTests : IDisposable
{
    private static readonly Dictionary<string, string?> s_none = [];

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
        var settings = Settings.Load(file, new Dictionary<string, string?> { ["Gofer:Postgres"] = "postgres://flag/gofer", ["Gofer:Namespace"] = null }, s_none).Value;
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
        Assert.Contains(said, Settings.Load(File(text), s_none, s_none).Error!.Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_that_was_named_must_be_there() =>
        Assert.Contains("cannot be read", Settings.Load(Path.Combine(_folder, "none.toml"), s_none, s_none).Error!.Message, StringComparison.Ordinal);

    [Fact]
    public void The_environment_wins_over_the_file_and_a_variable_may_name_a_file_that_holds_the_value()
    {
        var secret = Path.Combine(_folder, "postgres");
        System.IO.File.WriteAllText(secret, "postgres://secret/gofer\n");
        var settings = Settings.Load(
            File("namespace = \"file\""), s_none,
            new Dictionary<string, string?> { ["GOFER_NAMESPACE"] = "environment", ["GOFER_POSTGRES_FILE"] = secret, ["PATH"] = "/bin" }).Value;
        Assert.Equal(("environment", "postgres://secret/gofer"), (settings["Gofer:Namespace"], settings["Gofer:Postgres"]));
    }

    [Theory]
    [InlineData("GOFER_POSGRES", "There is no setting 'GOFER_POSGRES'. Did you mean 'GOFER_POSTGRES'?")]
    [InlineData("GOFER_WORKER__LAESE", "Did you mean 'GOFER_WORKER__LEASE'?")]
    [InlineData("GOFER_COLOUR", "There is no setting 'GOFER_COLOUR'. There are: ")]
    public void A_variable_that_is_no_setting_stops_the_start_and_names_the_nearest(string name, string said) => Assert.Contains(
        said, Settings.Load(File(""), s_none, new Dictionary<string, string?> { [name] = "x" }).Error!.Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("GOFER_RUN_ID")] // a task's own environment
    [InlineData("GOFER_API_URL")]
    [InlineData("GOFER_POSTGRES_BIN")] // where the search for Postgres looks
    [InlineData("GOFER_TEST_POSTGRES")] // the project's tests
    [InlineData("GOFER_TESTBED_DIR")]
    public void Variables_of_the_same_prefix_that_are_not_for_the_program_do_not_stop_it(string name) =>
        Assert.True(Settings.Load(File(""), s_none, new Dictionary<string, string?> { [name] = "x" }).IsOk);

    private string File(string text)
    {
        var path = Path.Combine(_folder, "gofer.toml");
        System.IO.File.WriteAllText(path, text);
        return path;
    }
}
