namespace Gofer.Tests.Integration.Cli.Mistakes;

/// <summary>Mistakes on the command line and in the settings, for which no server is asked.</summary>
public sealed class UsageMistakes : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-mistakes-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("01-mistyped-command", "Did you mean 'pipeline'?", "pipelin list")]
    [InlineData("02-mistyped-option", "Did you mean '--follow'?", "run nightly --folow")]
    [InlineData("03-mistyped-option-in-an-arguments-place", "Did you mean '--follow'?", "logs nightly --folow")]
    [InlineData("04-missing-argument", "Example: gofer run nightly", "run")]
    [InlineData("05-wrong-output-format", "table, json, jsonl, name", "pipeline list -o yaml")]
    [InlineData("06-run-that-is-no-number", "must be a number, or latest", "watch nightly abc")]
    [InlineData("07-option-that-is-no-number", "must be a whole number", "run nightly --priority high")]
    [InlineData("08-command-of-another-tool", "Did you mean 'gofer run list'?", "ps")]
    [InlineData("09-verb-without-its-noun", "'gofer pipeline list'", "list")]
    [InlineData("10-parameter-without-a-value", "--param region=value", "run nightly -p region")]
    [InlineData("11-wrong-state", "Did you mean 'running'?", "run list nightly --state runing")]
    [InlineData("12-id-that-can-be-none", "may hold letters, digits", "pipeline get team/nightly")]
    [InlineData("13-delete-without-a-terminal", "--yes", "pipeline delete nightly")]
    [InlineData("14-server-that-is-down", "gofer dev", "pipeline list")]
    [InlineData("15-attempt-without-a-task", "gofer logs PIPELINE RUN TASK --attempt N", "logs nightly 1 --attempt 2")]
    [InlineData("16-wrong-scheduler", "Did you mean 'docker'?", "dev --scheduler dokcer")]
    [InlineData("17-no-database-named", "GOFER_POSTGRES", "worker --scheduler process")]
    [InlineData("18-address-that-is-none", "127.0.0.1:8080", "api --postgres postgres://gofer@127.0.0.1/gofer --listen 8080")]
    [InlineData("19-address-that-others-reach", "--insecure-listen", "api --postgres postgres://gofer@127.0.0.1/gofer --listen 0.0.0.0:8080")]
    [InlineData("20-database-url-of-another-kind", "postgres://user:password@host:5432/database", "migrate --postgres mysql://root@localhost/gofer")]
    public Task A_command_line_that_cannot_be(string name, string cure, string line) =>
        Of(name, cure, ("GOFER_SERVER", "http://127.0.0.1:1")).IsAnsweredAsync(line.Split(' '));

    [Theory]
    [InlineData("21-server-without-scheme", "http://127.0.0.1:8080", "GOFER_SERVER", "127.0.0.1:8080")]
    [InlineData("22-server-whose-name-is-not-known", "GOFER_SERVER", "GOFER_SERVER", "http://gofer.invalid:8080")]
    [InlineData("23-mistyped-setting", "Did you mean 'GOFER_SERVER'?", "GOFER_SERVRE", "http://127.0.0.1:8080")]
    public Task A_setting_that_cannot_be(string name, string cure, string variable, string value) =>
        Of(name, cure, ("GOFER_SERVER", ""), (variable, value)).IsAnsweredAsync("pipeline", "list");

    private Mistake Of(string name, string cure, params (string Key, string Value)[] environment) =>
        new(name, cure) { Folder = _folder, Environment = environment, Names = [(_folder, "FOLDER")], Input = "" };
}
