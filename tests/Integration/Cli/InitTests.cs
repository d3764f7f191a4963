using System.Text.Json;
using Gofer.Cli.Authoring;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Cli;

/// <summary>What <c>gofer init</c> writes runs at once, in every language, and nothing is lost to it.</summary>
public sealed class InitTests(GoferServer server) : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-init-").FullName;
    private Area _area = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Languages => [.. ProjectTemplate.All.Select(t => t.Language)];

    public async ValueTask InitializeAsync() => _area = await server.AreaAsync();

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>Go and Rust may be missing, and are then shown as not run, by their names; the others are on every machine that builds this.</summary>
    [Theory]
    [MemberData(nameof(Languages))]
    public async Task A_new_project_runs_at_once(string language)
    {
        var folder = Path.Combine(_folder, "my 1st", "say.hello");
        var made = await GoferAsync("init", folder, "--lang", language);
        Assert.True(made.Exit == 0, made.Error);
        Assert.Contains($"gofer up '{folder}' --run", made.Error, StringComparison.Ordinal);
        Assert.Equal(10, File.ReadAllLines(Path.Combine(folder, "README.md")).Length);
        Assert.True(File.Exists(Path.Combine(folder, ".gitignore")));
        if (ProjectTemplate.All.Single(t => t.Language == language).Tool is { } tool && !PipelineSource.IsInstalled(tool))
        {
            Assert.Contains($"'{tool}' is not installed here", made.Error, StringComparison.Ordinal);
            Assert.True(language is "go" or "rust", language);
            Assert.Skip($"{language} was not run: '{tool}' is not on this machine.");
        }

        var up = await GoferAsync("up", folder);
        Assert.True(up.Exit == 0, up.Error);
        Assert.Contains("say-hello is registered as version 1 and live.", up.Error, StringComparison.Ordinal);
        var run = await GoferAsync("run", "say-hello", "-p", "who=Ada", "--follow");
        Assert.True(run.Exit == 0, run.Error);
        Assert.Equal("Hello, Ada!\n", (await GoferAsync("logs", "say-hello", "latest", "hello")).Out);
        using var tasks = JsonDocument.Parse((await GoferAsync("task", "list", "say-hello", "-o", "json")).Out);
        Assert.Equal(["hello", "check-style", "check-tests", "report"], tasks.RootElement.EnumerateArray().Select(t => t.GetProperty("id").GetString()));
        TestContext.Current.TestOutputHelper!.WriteLine($"{language} was run.");
    }

    [Fact]
    public async Task A_folder_that_holds_something_is_left_as_it_is()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "notes.txt"), "mine", Ct);
        var refused = await GoferAsync("init", _folder, "--lang", "python");
        Assert.Equal(1, refused.Exit);
        Assert.Contains("is not empty: notes.txt. Nothing was written.", refused.Error, StringComparison.Ordinal);
        Assert.Contains("--force", refused.Error, StringComparison.Ordinal);
        Assert.Equal(["notes.txt"], Names());
    }

    [Fact]
    public async Task Force_adds_to_a_folder_and_touches_nothing_that_is_there()
    {
        foreach (var name in new[] { "README.md", ".gitignore", "notes.txt" }) await File.WriteAllTextAsync(Path.Combine(_folder, name), "mine", Ct);
        Assert.Equal(0, (await GoferAsync("init", _folder, "--lang", "python", "--force")).Exit);
        foreach (var name in new[] { "README.md", ".gitignore", "notes.txt" }) Assert.Equal("mine", await File.ReadAllTextAsync(Path.Combine(_folder, name), Ct));
        Assert.Equal([".gitignore", "README.md", "gofer.py", "main.py", "notes.txt"], Names());

        var again = await GoferAsync("init", _folder, "--lang", "json", "--force");
        Assert.Equal(1, again.Exit);
        Assert.Contains("holds a pipeline already", again.Error, StringComparison.Ordinal);
        Assert.Equal([".gitignore", "README.md", "gofer.py", "main.py", "notes.txt"], Names());
    }

    [Fact]
    public async Task A_file_in_the_way_stops_it_before_anything_is_written()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "tsconfig.json"), "mine", Ct);
        var refused = await GoferAsync("init", _folder, "--lang", "typescript", "--force");
        Assert.Equal(1, refused.Exit);
        Assert.Contains("has tsconfig.json already", refused.Error, StringComparison.Ordinal);
        Assert.Equal(["tsconfig.json"], Names());
        Assert.Contains("is a file", (await GoferAsync("init", Path.Combine(_folder, "tsconfig.json"), "--lang", "json")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_language_the_choices_are_named()
    {
        var refused = await GoferAsync("init", Path.Combine(_folder, "p"));
        Assert.Equal(2, refused.Exit);
        foreach (var template in ProjectTemplate.All) Assert.Contains(template.Language, refused.Error, StringComparison.Ordinal);
        var unknown = await GoferAsync("init", Path.Combine(_folder, "p"), "--lang", "cobol");
        Assert.Equal(2, unknown.Exit);
        Assert.Empty(Names());
    }

    [Fact]
    public async Task On_a_terminal_the_language_is_asked_for()
    {
        var folder = Path.Combine(_folder, "asked");
        await using var gofer = GoferProcess.StartOnTerminal(["init", folder], []);
        await gofer.PrintsAsync("Which language?");
        await gofer.TypeAsync("cobol\n");
        await gofer.PrintsAsync("Say a number from 1 to 6");
        await gofer.TypeAsync("6\n");
        Assert.Equal(0, await gofer.ExitAsync());
        Assert.True(File.Exists(Path.Combine(folder, "main.py")), gofer.Out);
    }

    [Fact]
    public async Task A_clone_without_files_counts_as_empty_and_the_answer_is_data_where_asked()
    {
        Directory.CreateDirectory(Path.Combine(_folder, ".git"));
        var made = await GoferProcess.RunAsync(["init", "--lang", "json", "-o", "json"], [], _folder);
        Assert.True(made.Exit == 0, made.Error);
        using var json = JsonDocument.Parse(made.Out);
        Assert.Equal("json", json.RootElement.GetProperty("language").GetString());
        Assert.Equal([".gitignore", "README.md", "pipeline.json", "pipeline.v1.json"], json.RootElement.GetProperty("files").EnumerateArray().Select(f => f.GetString()));
        Assert.Equal(0, (await GoferAsync("validate", _folder)).Exit);
    }

    private IEnumerable<string> Names() => Directory.EnumerateFileSystemEntries(_folder).Select(e => Path.GetFileName(e)).Order(StringComparer.Ordinal);

    private Task<(int Exit, string Out, string Error)> GoferAsync(params string[] arguments) =>
        GoferProcess.RunAsync(arguments, [("GOFER_SERVER", server.Url.ToString()), ("GOFER_NAMESPACE", _area.Name)], _folder);
}
