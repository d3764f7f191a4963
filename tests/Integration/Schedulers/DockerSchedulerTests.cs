using Gofer.Application.Schedulers;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Schedulers.Docker;
using Gofer.Tests.Support.Docker;

namespace Gofer.Tests.Integration.Schedulers;

public sealed class DockerSchedulerTests : SchedulerContract
{
    protected override async Task<IScheduler> CreateAsync()
    {
        await DockerEngine.EnsureAsync(Ct);
        var endpoint = await DockerEndpoint.FindAsync(null, Ct);
        return new DockerScheduler(endpoint.Value, () => Install, TimeProvider.System);
    }

    [Fact]
    public async Task An_image_that_cannot_be_had_says_so_and_why()
    {
        var refused = await Assert.ThrowsAsync<ContainerRefusedException>(() => StartAsync(Shell("true") with { Image = "127.0.0.1:9/no/such:image" }));
        Assert.Equal(Reasons.ImagePull, refused.Reason);
        Assert.Contains("127.0.0.1:9/no/such:image", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_the_image_does_not_have_is_refused_and_leaves_nothing_behind()
    {
        var spec = Named(["no-such-command"]);
        var refused = await Assert.ThrowsAsync<ContainerRefusedException>(() => StartAsync(spec));
        Assert.Equal(Reasons.SchedulerError, refused.Reason);
        Assert.Contains("no-such-command", refused.Message, StringComparison.Ordinal);
        Assert.IsType<ContainerStatus.Absent>(await Scheduler.InspectAsync(spec.Name, Ct));
    }

    [Fact]
    public async Task Privileges_are_dropped_and_cannot_be_regained()
    {
        var spec = Shell("grep -E 'CapEff|NoNewPrivs' /proc/self/status; cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null || true");
        await RunAsync(spec);
        var text = Text((await LogsAsync(spec.Name)).Stdout);
        // CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID and nothing else
        Assert.Contains("CapEff:\t00000000000000eb", text, StringComparison.Ordinal);
        Assert.Contains("NoNewPrivs:\t1", text, StringComparison.Ordinal);
        Assert.Contains("512", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_that_goes_over_its_memory_is_told_apart()
    {
        var spec = Shell("x=a; while :; do x=$x$x; done") with { MemoryBytes = 16 * 1024 * 1024 };
        var ended = await RunAsync(spec);
        Assert.True(ended.OutOfMemory, $"exit code {ended.ExitCode}");
    }

    [Fact]
    public async Task Entrypoint_folder_and_user_are_the_tasks()
    {
        var echo = Named(["echo $0 $(pwd) $(id -u)", "zero"]) with { Entrypoint = ["sh", "-c"], WorkingDir = "/tmp", User = "1234" };
        await RunAsync(echo);
        Assert.Equal("zero /tmp 1234\n", Text((await LogsAsync(echo.Name)).Stdout));
    }

    [Fact]
    public async Task Containers_of_another_install_are_never_collected()
    {
        var theirs = Shell("true") with { Labels = new Dictionary<string, string> { [ContainerLabels.Install] = "somebody-else" } };
        await RunAsync(theirs);
        await Scheduler.CollectAsync(TimeSpan.Zero, Ct);
        Assert.IsType<ContainerStatus.Ended>(await Scheduler.InspectAsync(theirs.Name, Ct));
        using var client = new global::Docker.DotNet.DockerClientBuilder().WithEndpoint((await DockerEndpoint.FindAsync(null, Ct)).Value).Build();
        await client.Containers.RemoveContainerAsync(theirs.Name, new global::Docker.DotNet.Models.ContainerRemoveParameters(), Ct);
    }

    [Fact]
    public async Task An_image_of_a_registry_is_shown_with_the_digest_that_it_has_there_by_everybody_who_finds_it()
    {
        using var client = new global::Docker.DotNet.DockerClientBuilder().WithEndpoint((await DockerEndpoint.FindAsync(null, Ct)).Value).Build();
        await using var registry = await TinyRegistry.StartAsync(client, "busybox:latest", Ct);
        var spec = Shell("true") with { Image = $"{registry.Repository}:1" };
        try
        {
            Assert.Equal($"{registry.Repository}@{registry.Digest}", (await StartAsync(spec)).ImageDigest);
            var second = await CreateAsync();
            Assert.Equal($"{registry.Repository}@{registry.Digest}", (await second.StartAsync(spec, _ => Task.CompletedTask, new Progress<string>(), Ct)).ImageDigest);
        }
        finally
        {
            await Scheduler.WaitAsync(spec.Name, Ct);
            await client.Containers.RemoveContainerAsync(spec.Name, new global::Docker.DotNet.Models.ContainerRemoveParameters(), Ct);
            await client.Images.DeleteImageAsync($"{registry.Repository}:1", new global::Docker.DotNet.Models.ImageDeleteParameters(), Ct);
        }
    }

    [Fact]
    public async Task Workers_that_come_first_at_the_same_moment_agree_on_one_network()
    {
        using var client = new global::Docker.DotNet.DockerClientBuilder().WithEndpoint((await DockerEndpoint.FindAsync(null, Ct)).Value).Build();
        var name = $"gofer-test-{Guid.CreateVersion7():N}";
        var workers = Enumerable.Range(0, 8).Select(_ => new DockerNetwork(client, name)).ToList();
        await Task.WhenAll(workers.SelectMany(w => Enumerable.Range(0, 4).Select(_ => w.EnsureAsync(Ct))));
        try
        {
            // Whatever the engine made in the race, whoever comes now finds one, and the losers' are gone.
            using var late = new DockerNetwork(client, name);
            var oldest = await late.EnsureAsync(Ct);
            Assert.NotNull(oldest);
            Assert.Equal(oldest, await late.EnsureAsync(Ct));
            Assert.All(await Task.WhenAll(workers.Select(w => w.EnsureAsync(Ct))), Assert.NotNull);
        }
        finally
        {
            var made = (await client.Networks.ListNetworksAsync(null, Ct)).Where(n => n.Name == name).ToList();
            foreach (var network in made) await client.Networks.DeleteNetworkAsync(network.ID, Ct);
            workers.ForEach(w => w.Dispose());
            Assert.InRange(made.Count, 1, 8);
        }
    }

    [Fact]
    public async Task A_network_that_was_pruned_is_made_again()
    {
        var endpoint = (await DockerEndpoint.FindAsync(null, Ct)).Value;
        using var client = new global::Docker.DotNet.DockerClientBuilder().WithEndpoint(endpoint).Build();
        var name = $"gofer-test-{Guid.CreateVersion7():N}";
        using var scheduler = new DockerScheduler(endpoint, () => Install, TimeProvider.System, name);
        foreach (var spec in new[] { Shell("true"), Shell("echo again") })
        {
            await scheduler.StartAsync(spec, _ => Task.CompletedTask, new Progress<string>(), Ct);
            Assert.Equal(0, Assert.IsType<ContainerStatus.Ended>(await scheduler.WaitAsync(spec.Name, Ct)).ExitCode);
            await client.Containers.RemoveContainerAsync(spec.Name, new global::Docker.DotNet.Models.ContainerRemoveParameters(), Ct);
            await client.Networks.DeleteNetworkAsync(name, Ct);
        }
    }
}
