using System.Text.RegularExpressions;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Docker;

namespace Gofer.Tests.Integration.Cli;

/// <summary>The first thing that anybody runs.</summary>
public sealed class DemoTests
{
    [Theory]
    [InlineData("process")]
    [InlineData("docker")]
    public async Task The_demo_brings_everything_runs_the_example_and_shows_what_came_of_it(string scheduler)
    {
        if (scheduler == "docker") await DockerEngine.EnsureAsync(TestContext.Current.CancellationToken);
        var data = Directory.CreateTempSubdirectory("gofer-demo-").FullName;
        try
        {
            var demo = await GoferProcess.RunAsync(["demo", "--once", "--scheduler", scheduler, "--data", data]);
            Assert.True(demo.Exit == 0, $"{demo.Exit}: {demo.Error}{demo.Out}");
            Assert.Contains("fetch     | 42 files", Aligned(demo.Out), StringComparison.Ordinal);
            Assert.Contains("lint      ! warning: line 7 is long", Aligned(demo.Out), StringComparison.Ordinal);
            Assert.Contains("dag run 1, version 1: succeeded", demo.Error, StringComparison.Ordinal);
            foreach (var task in new[] { "fetch", "lint", "test-unit", "test-api", "build", "on-failure", "report" }) Assert.Matches($@"✓ +{task} +succeeded", demo.Error);
            Assert.Matches(@"✗ +flaky +failed .*exit code 3", demo.Error);
            Assert.Matches(@"↷ +never +skipped .*because of flaky", demo.Error);
            Assert.Contains("/swagger", demo.Error, StringComparison.Ordinal);
            Assert.Contains("These end with the command", demo.Error, StringComparison.Ordinal);
            Assert.Contains("The run succeeded all the same", demo.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("gofer logs dag", demo.Error, StringComparison.Ordinal); // nobody answers there any more
            Assert.Contains("/api/v1/namespaces/default/pipelines/dag/runs/1", demo.Error, StringComparison.Ordinal);

            // Over the same data it finds what it made before.
            var again = await GoferProcess.RunAsync(["demo", "--once", "--scheduler", scheduler, "--data", data]);
            Assert.True(again.Exit == 0, again.Error);
            Assert.Contains("dag run 2, version 1: succeeded", again.Error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task A_second_dev_over_the_same_data_stops_and_names_the_first()
    {
        var data = Directory.CreateTempSubdirectory("gofer-dev-").FullName;
        try
        {
            await using var first = GoferProcess.Start(["dev", "--data", data, "--scheduler", "process", "--listen", "127.0.0.1:0"]);
            var said = await first.SaysAsync("Gofer answers at");
            var second = await GoferProcess.RunAsync(["dev", "--data", data, "--scheduler", "process", "--listen", "127.0.0.1:0"]);
            Assert.Equal(1, second.Exit);
            Assert.Contains($"{first.Id}", second.Error, StringComparison.Ordinal);
            Assert.Contains(said.Split(' ')[3], second.Error, StringComparison.Ordinal);
            first.Signal("TERM");
            Assert.Equal(0, await first.ExitAsync());
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task Without_a_Docker_Engine_dev_stops_and_names_the_ways_out_and_demo_falls_back_and_says_so()
    {
        var data = Directory.CreateTempSubdirectory("gofer-none-").FullName;
        try
        {
            (string, string)[] none = [("DOCKER_HOST", "unix:///nowhere/docker.sock")];
            var dev = await GoferProcess.RunAsync(["dev", "--data", data, "--listen", "127.0.0.1:0"], none);
            Assert.Equal(1, dev.Exit);
            Assert.Contains("--scheduler process", dev.Error, StringComparison.Ordinal);
            var demo = await GoferProcess.RunAsync(["demo", "--once", "--data", data], none);
            Assert.True(demo.Exit == 0, demo.Error);
            Assert.Contains("since no Docker Engine answers", demo.Error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_demo_that_is_asked_to_stop_in_the_middle_of_its_run_ends(string signal)
    {
        var data = Directory.CreateTempSubdirectory("gofer-demo-").FullName;
        var tools = Directory.CreateTempSubdirectory("gofer-tools-").FullName;
        try
        {
            // A run that ends by itself only after the test: every task of the demo sleeps for as long as its data is there.
            var sleep = Path.Combine(tools, "sleep");
            await File.WriteAllTextAsync(sleep, $"#!/bin/sh\nwhile [ -e {data} ]; do /bin/sleep 0.1; done\n", TestContext.Current.CancellationToken);
            File.SetUnixFileMode(sleep, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var path = $"{tools}:{Environment.GetEnvironmentVariable("PATH")}";
            await using var demo = GoferProcess.Start(["demo", "--scheduler", "process", "--data", data], [("PATH", path)]);
            await demo.PrintsAsync("fetching sources");
            demo.Signal(signal);
            Assert.Equal(1, await demo.ExitAsync());
            Assert.Contains("Stopped before the run had ended.", demo.Error, StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(data, "postgres", "postmaster.pid"))); // what it started, it stopped
        }
        finally
        {
            Directory.Delete(data, recursive: true);
            Directory.Delete(tools, recursive: true);
        }
    }

    /// <summary>The tasks' column is as wide as the longest of them.</summary>
    private static string Aligned(string text) => Regex.Replace(text, @"^(\S+) +([|!])", m => $"{m.Groups[1].Value,-9} {m.Groups[2].Value}", RegexOptions.Multiline);
}
