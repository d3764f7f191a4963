using System.Diagnostics;
using Gofer.Application.Schedulers;
using Gofer.Infrastructure.Schedulers.Docker;

namespace Gofer.Tests.Unit.Infrastructure;

public sealed class DockerCommandLineTests
{
    [Fact]
    public void The_line_is_the_container_that_the_scheduler_makes()
    {
        var line = DockerCommandLine.Of(
            new ContainerSpec
            {
                Name = "gofer-x",
                Labels = new Dictionary<string, string> { ["dev.gofer.install"] = "x" },
                Image = "busybox:latest",
                Entrypoint = ["sh", "-c"],
                Command = ["echo \"it's $HOME\"", "zero"],
                Environment = new Dictionary<string, string> { ["PLAIN"] = "1", ["SPACED"] = "a b\nc", ["TOKEN"] = "hunter2", ["my-key"] = "hunter2" },
                WorkingDir = "/tmp/my folder",
                User = "1000:1000",
                CpuMillis = 1250,
                MemoryBytes = 64 * 1024 * 1024,
                AlwaysPull = true,
            },
            new HashSet<string> { "TOKEN", "my-key" });
        Assert.Equal(
            """
            docker run --rm --pull always \
              --network gofer \
              --security-opt no-new-privileges \
              --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE --cap-add FOWNER --cap-add SETUID --cap-add SETGID --cap-add KILL \
              --pids-limit 512 \
              --cpus 1.25 \
              --memory 67108864 --memory-swap 67108864 \
              --user 1000:1000 \
              --workdir '/tmp/my folder' \
              --env PLAIN=1 \
              --env 'SPACED=a b
            c' \
              --env "TOKEN=$TOKEN" \
              --env "my-key=$my_key" \
              --entrypoint sh \
              busybox:latest \
              -c 'echo "it'\''s $HOME"' zero
            """,
            line);
    }

    [Fact]
    public void What_nobody_asked_for_is_not_said()
    {
        var line = DockerCommandLine.Of(
            new ContainerSpec { Name = "n", Labels = new Dictionary<string, string>(), Image = "i", Environment = new Dictionary<string, string>() }, new HashSet<string>());
        Assert.DoesNotMatch("--(cpus|memory|user|workdir|env|entrypoint|pull)", line);
        Assert.EndsWith("\\\n  i", line, StringComparison.Ordinal);
    }

    /// <summary>Judged by a real shell: each word comes out as it went in.</summary>
    [Fact]
    public async Task A_quoted_word_is_one_word_to_a_shell_and_stays_as_it_is()
    {
        string[] words = ["", "plain", "a b", "it's", "'", "\"", "$HOME `id` $(id) \\ !x", "*", "~", "#no", "a\nb\n", "-n", "tab\there", "é\u00a0✓", "a;b|c&d<e>f", "{a,b}", "[x]"];
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"for w in {string.Join(' ', words.Select(DockerCommandLine.Word))}; do printf '%s\\0' \"$w\"; done"])
        {
            RedirectStandardOutput = true,
        })!;
        var said = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(words, said.Split('\0')[..^1]);
    }
}
