using System.Security.Cryptography;
using System.Text.Json;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Cli;

/// <summary>Objects at the command line.</summary>
public sealed class ObjectCliTests(GoferServer server) : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-objects-").FullName;
    private Area _area = null!;

    public async ValueTask InitializeAsync()
    {
        _area = await server.AreaAsync();
        await _area.RegisterAsync(Script("p", "true"));
    }

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_file_goes_up_and_comes_down_as_it_was()
    {
        await _area.EndAsync(await _area.RunAsync("p"));
        var (up, down) = (Path.Combine(_folder, "up"), Path.Combine(_folder, "down"));
        await File.WriteAllBytesAsync(up, RandomNumberGenerator.GetBytes(2_500_000), TestContext.Current.CancellationToken);
        foreach (var place in new[] { new[] { "-p", "p" }, ["-p", "p", "--run", "latest"] })
        {
            var kind = place.Length == 2 ? "pipeline" : "run";
            Assert.Equal((0, "", $"The object 'site' has 2500000 bytes. Tasks read it as {kind}_object{{{{site}}}}.\n"), await GoferAsync(null, ["object", "put", "site", up, .. place]));
            Assert.Equal((0, "", ""), await GoferAsync(null, ["object", "get", "site", down, .. place]));
            Assert.Equal(await File.ReadAllBytesAsync(up, TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(down, TestContext.Current.CancellationToken));
            File.Delete(down);
            using var listed = JsonDocument.Parse((await GoferAsync(null, ["object", "list", "-o", "json", .. place])).Out);
            Assert.Equal(("site", 2_500_000), (listed.RootElement[0].GetProperty("key").GetString(), listed.RootElement[0].GetProperty("size").GetInt32()));
            Assert.Equal(0, (await GoferAsync(null, ["object", "delete", "site", "--yes", .. place])).Exit);
            Assert.Contains($"No {kind} object 'site'.", (await GoferAsync(null, ["object", "get", "site", down, .. place])).Error, StringComparison.Ordinal);
            Assert.Equal(["up"], Directory.EnumerateFileSystemEntries(_folder).Select(Path.GetFileName));
        }
    }

    [Fact]
    public async Task Standard_input_and_output_do_as_well()
    {
        Assert.Equal(0, (await GoferAsync("hello\n", "object", "put", "x", "-p", "p", "--new")).Exit);
        Assert.Equal((0, "hello\n", ""), await GoferAsync(null, "object", "get", "x", "-p", "p"));
        var again = await GoferAsync("other\n", "object", "put", "x", "-p", "p", "--new");
        Assert.Equal(1, again.Exit);
        Assert.Contains("There is an object 'x' already", again.Error, StringComparison.Ordinal);
        Assert.Equal("hello\n", (await GoferAsync(null, "object", "get", "x", "-p", "p")).Out);
    }

    [Fact]
    public async Task What_cannot_be_is_said_before_anything_is_sent()
    {
        var nobody = await GoferAsync(null, "object", "list");
        Assert.Equal(2, nobody.Exit);
        Assert.Contains("Say whose object it is: --pipeline PIPELINE, and --run RUN for one of a run.", nobody.Error, StringComparison.Ordinal);
        var missing = await GoferAsync(null, "object", "put", "x", Path.Combine(_folder, "nothing"), "-p", "p");
        Assert.Equal(1, missing.Exit);
        Assert.Contains("cannot be read", missing.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await GoferAsync("x", "object", "put", "a.b", "-p", "p")).Exit);
    }

    private Task<(int Exit, string Out, string Error)> GoferAsync(string? input, params string[] arguments) =>
        GoferProcess.RunAsync(arguments, [("GOFER_SERVER", server.Url.ToString()), ("GOFER_NAMESPACE", _area.Name)], input: input);
}
