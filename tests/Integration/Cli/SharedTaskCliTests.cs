using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Cli;

/// <summary>Shared tasks at the command line, against a server process.</summary>
public sealed class SharedTaskCliTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-shared-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task From_the_first_version_to_the_deletion_with_a_run_in_between()
    {
        await using var cluster = await GoferCluster.StartAsync();
        await cluster.WorkerAsync();
        var lint = await FileAsync("lint.json", """{"version":"2.1","description":"Lints.","inputs":[{"name":"path"}],"container":{"image":"busybox:latest","command":["sh","-c","echo lints $INPUT_PATH"]}}""");
        var put = await GoferAsync(cluster, "shared-task", "put", "lint", lint);
        Assert.True(put is (0, "2.1\n", _) or (0, "", _), put.ToString());
        Assert.Contains("lint 2.1 is registered.", put.Error, StringComparison.Ordinal);
        Assert.Contains("was registered before, with the same content", (await GoferAsync(cluster, "shared-task", "put", "lint", lint)).Error, StringComparison.Ordinal);
        var other = await FileAsync("other.json", """{"version":"2.1","container":{"image":"busybox:latest"}}""");
        var refused = await GoferAsync(cluster, "shared-task", "put", "lint", other);
        Assert.Equal(1, refused.Exit);
        Assert.Contains("a version never changes", refused.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await GoferAsync(cluster, "shared-task", "put", "lint", other, "--global")).Exit);
        Assert.Equal("lint\n", (await GoferAsync(cluster, "shared-task", "list", "-o", "name")).Out);
        Assert.Contains("busybox:latest", (await GoferAsync(cluster, "shared-task", "list", "--global")).Out, StringComparison.Ordinal);
        Assert.Equal("2.1\n", (await GoferAsync(cluster, "shared-task", "versions", "lint", "-o", "name")).Out);
        Assert.Contains("\"Lints.\"", (await GoferAsync(cluster, "shared-task", "get", "lint", "--version", "2.1", "-o", "json")).Out, StringComparison.Ordinal);
        Assert.Contains("no shared task", (await GoferAsync(cluster, "shared-task", "get", "lnit")).Error, StringComparison.OrdinalIgnoreCase);

        var document = await FileAsync("p.json", """{"id":"p","tasks":[{"id":"t","uses":"lint@2","with":{"path":"src"}}]}""");
        Assert.Equal(0, (await GoferAsync(cluster, "validate", document)).Exit);
        Assert.Equal(0, (await GoferAsync(cluster, "up", document)).Exit);
        Assert.Equal(0, (await GoferAsync(cluster, "run", "p", "-f")).Exit);
        var line = await GoferAsync(cluster, "task", "command", "p", "1", "t");
        Assert.Contains("INPUT_PATH=src", line.Out, StringComparison.Ordinal);
        Assert.Contains("busybox:latest \\\n  sh -c 'echo lints $INPUT_PATH'", line.Out, StringComparison.Ordinal);
        var inUse = await GoferAsync(cluster, "shared-task", "delete", "lint", "--yes");
        Assert.Equal(1, inUse.Exit);
        Assert.Contains("default/p", inUse.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await GoferAsync(cluster, "pipeline", "delete", "p", "--yes")).Exit);
        Assert.Equal(0, (await GoferAsync(cluster, "shared-task", "delete", "lint", "--yes")).Exit);
        Assert.Equal(0, (await GoferAsync(cluster, "shared-task", "delete", "lint", "--global", "--yes")).Exit);
    }

    [Theory]
    [InlineData("'two' is none", "shared-task", "get", "lint", "--version", "two", "it must be MAJOR.MINOR or MAJOR.MINOR.PATCH")]
    [InlineData("a file that is not there", "shared-task", "put", "lint", "/nowhere/lint.json", "cannot be read")]
    public async Task What_can_be_none_is_said_before_anything_is_sent(string what, params string[] words)
    {
        var (exit, said, error) = await GoferProcess.RunAsync(words[..^1], [("GOFER_SERVER", "http://127.0.0.1:1")]);
        Assert.True(exit == 2, what);
        Assert.Equal("", said);
        Assert.Contains(words[^1], error, StringComparison.Ordinal);
    }

    private async Task<string> FileAsync(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        await File.WriteAllTextAsync(path, text, Ct);
        return path;
    }

    private static Task<(int Exit, string Out, string Error)> GoferAsync(GoferCluster cluster, params string[] words) =>
        GoferProcess.RunAsync(words, [("GOFER_SERVER", cluster.Area.Http.BaseAddress!.ToString())]);
}
