using System.Diagnostics;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Cli;

/// <summary>The line that does by hand what Gofer did: executed on the same engine, it does.</summary>
public sealed class TaskCommandTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_printed_line_gives_the_same_exit_code_and_output()
    {
        await using var cluster = await GoferCluster.StartAsync();
        await cluster.WorkerAsync("docker");
        await cluster.Area.RegisterAsync(Documents.With(
            """
            "params":[{"name":"who","type":"string"}]
            """,
            Documents.Of(
                "p",
                Documents.Step("fails", "echo \"$WHO's $TEXT\"; echo 'it`s \"over\"' >&2; env | grep ^GOFER_ | sort; grep CapEff /proc/self/status; exit 7").And("""
                    "variables":{"WHO":"param{{who}}","TEXT":"two\nlines $HOME"}
                    """),
                Documents.Step("fits", "unused").And("""
                    "entrypoint":["sh","-c"],"command":["echo $0 $(pwd) $(id -u) $SHARD; cat /sys/fs/cgroup/pids.max 2>/dev/null || true","zero"],"working_dir":"/tmp","user":"1234",
                    "resources":{"memory":"64Mi"},"matrix":{"shard":["a","b c"]}
                    """))));
        var run = await cluster.Area.EndAsync(await cluster.Area.Client.Runs.CreateRunAsync(
            "default", "p", new NewRunBody { Params = new Dictionary<string, System.Text.Json.JsonElement> { ["who"] = System.Text.Json.JsonSerializer.SerializeToElement("world") } },
            cancellationToken: Ct));
        Assert.Equal(RunState.Failed, run.State);

        foreach (var task in new[] { "fails", "fits.2" })
        {
            var said = await GoferAsync(cluster, "task", "command", "p", "latest", task);
            Assert.True(said.Exit == 0, said.Error);
            Assert.StartsWith("docker run --rm", said.Out, StringComparison.Ordinal);
            var view = await cluster.Area.Client.Tasks.GetTaskAsync("default", "p", "1", task, Ct);
            var (exit, output, error) = await ShellAsync(said.Out);
            Assert.Equal(view.ExitCode, exit);
            Assert.Equal((await GoferAsync(cluster, "logs", "p", "1", task, "--stream", "stdout")).Out, output);
            Assert.Equal((await GoferAsync(cluster, "logs", "p", "1", task, "--stream", "stderr")).Out, error);
            Assert.NotEmpty(output);
        }
    }

    private static Task<(int Exit, string Out, string Error)> GoferAsync(GoferCluster cluster, params string[] arguments) =>
        GoferProcess.RunAsync(arguments, [("GOFER_SERVER", cluster.Area.Http.BaseAddress!.ToString())]);

    private static async Task<(int Exit, string Out, string Error)> ShellAsync(string line)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", line]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (shell.StandardOutput.ReadToEndAsync(Ct), shell.StandardError.ReadToEndAsync(Ct));
        await shell.WaitForExitAsync(Ct);
        return (shell.ExitCode, await output, await error);
    }
}
