using System.Globalization;
using Docker.DotNet;
using Docker.DotNet.Models;
using Gofer.Infrastructure.Schedulers.Docker;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;
using Gofer.Tests.Support.Docker;

namespace Gofer.Tests.Integration.Cli;

/// <summary>A pipeline run without a server on a Docker Engine: what it leaves there, which is nothing.</summary>
public sealed class LocalDockerTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-cli-").FullName;
    private DockerClient _docker = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await DockerEngine.EnsureAsync(Ct);
        _docker = new DockerClientBuilder().WithEndpoint((await DockerEndpoint.FindAsync(null, Ct)).Value).Build();
    }

    public ValueTask DisposeAsync()
    {
        _docker.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task The_example_of_a_graph_runs_to_its_end_and_leaves_no_container_and_no_network()
    {
        var before = await NetworksAsync();
        await using var run = Start(Repository.PathOf("examples/dag"));
        Assert.True(await run.ExitAsync() == 0, run.Error);
        Assert.Contains("42 files", run.Out, StringComparison.Ordinal);
        Assert.Contains("dag local run: succeeded", run.Error, StringComparison.Ordinal);
        Assert.Empty(await LeftAsync(run));
        Assert.Empty((await NetworksAsync()).Except(before));
    }

    [Fact]
    public async Task A_run_that_fails_leaves_no_container_either()
    {
        await using var run = Start(Write(Documents.Script("p", "echo 'no such table'; exit 9")));
        Assert.Equal(5, await run.ExitAsync());
        Assert.Contains("t failed (exit_code): The container ended with exit code 9.", run.Error, StringComparison.Ordinal);
        Assert.Contains("  | no such table", run.Error, StringComparison.Ordinal);
        Assert.Empty(await LeftAsync(run));
    }

    [Fact]
    public async Task Ctrl_C_lets_a_container_end_by_itself()
    {
        await using var run = Start(Write(Documents.Script("p", "trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.05; done")));
        await run.PrintsAsync("ready");
        run.Signal("INT");
        Assert.Equal(6, await run.ExitAsync());
        Assert.Contains("t | saved", run.Out, StringComparison.Ordinal);
        Assert.Empty(await LeftAsync(run));
    }

    /// <summary>The stop with its grace is under way at the engine for ten minutes: the kill must not wait for it.</summary>
    [Fact]
    public async Task Ctrl_C_twice_kills_a_container_that_ignores_the_stop_under_way()
    {
        await using var run = Start(Write(Documents.Script("p", "trap 'echo no' TERM; echo ready; while :; do sleep 0.05; done")), ("GOFER_WORKER__STOP_GRACE", "10m"));
        await run.PrintsAsync("ready");
        run.Signal("INT");
        await run.PrintsAsync("t | no");
        run.Signal("INT");
        Assert.Equal(6, await run.ExitAsync());
        Assert.Empty(await LeftAsync(run));
    }

    [Fact]
    public async Task What_a_killed_process_leaves_is_found_by_its_label()
    {
        await using var run = Start(Write(Documents.Script("p", "echo ready; sleep 300")));
        await run.PrintsAsync("ready");
        await run.KillAsync();
        var left = Assert.Single(await LeftAsync(run));
        Assert.Equal("running", left.State.ToString(), ignoreCase: true);
        await _docker.Containers.RemoveContainerAsync(left.ID, new ContainerRemoveParameters { Force = true }, Ct);
    }

    private static GoferProcess Start(string path, params (string, string)[] settings) => GoferProcess.Start(["run", "--local", path], settings);

    private string Write(string document)
    {
        var path = Path.Combine(_folder, "pipeline.json");
        File.WriteAllText(path, document);
        return path;
    }

    private async Task<IList<ContainerListResponse>> LeftAsync(GoferProcess run)
    {
        var label = $"dev.gofer.local={run.Id.ToString(CultureInfo.InvariantCulture)}";
        var filter = new Dictionary<string, IDictionary<string, bool>> { ["label"] = new Dictionary<string, bool> { [label] = true } };
        return await _docker.Containers.ListContainersAsync(new ContainersListParameters { All = true, Filters = filter }, Ct);
    }

    /// <summary>Those that a run of Gofer could have made: its usual one and those of other tests are none.</summary>
    private async Task<IEnumerable<string>> NetworksAsync() =>
        (await _docker.Networks.ListNetworksAsync(null, Ct)).Where(n => n.Name != "gofer" && !n.Name.StartsWith("gofer-test", StringComparison.Ordinal)).Select(n => n.ID);
}
