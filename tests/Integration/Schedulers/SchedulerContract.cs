using System.Text;
using CsCheck;
using Gofer.Application.Logs;
using Gofer.Application.Schedulers;

namespace Gofer.Tests.Integration.Schedulers;

/// <summary>What every container scheduler promises; each implementation inherits these tests and runs them on its real back end.</summary>
public abstract class SchedulerContract : IAsyncLifetime
{
    private readonly List<string> _names = [];

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected static Guid Install { get; } = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    protected IScheduler Scheduler { get; private set; } = null!;

    /// <summary>A scheduler over the back end, as a worker that starts makes it.</summary>
    protected abstract Task<IScheduler> CreateAsync();

    public async ValueTask InitializeAsync() => Scheduler = await CreateAsync();

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var name in _names)
        {
            await Scheduler.StopAsync(name, TimeSpan.Zero, CancellationToken.None);
            await Scheduler.ReleaseAsync(name, CancellationToken.None);
        }

        await Scheduler.CollectAsync(TimeSpan.Zero, CancellationToken.None);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task The_back_end_names_itself_the_same_to_every_worker()
    {
        var second = await CreateAsync();
        Assert.Equal(await Scheduler.ProbeAsync(Ct), await second.ProbeAsync(Ct));
        Assert.Equal(Scheduler.Kind, (await Scheduler.ProbeAsync(Ct)).Kind);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(255)]
    public async Task The_exit_code_is_the_commands(int code)
    {
        var ended = await RunAsync(Shell($"exit {code}"));
        Assert.Equal(code, ended.ExitCode);
        Assert.False(ended.OutOfMemory);
        Assert.True(ended.EndedAt >= ended.StartedAt);
    }

    [Fact]
    public async Task A_command_that_a_signal_killed_shows_the_signal_in_its_exit_code() =>
        Assert.Equal(137, (await RunAsync(Shell("sh -c 'kill -9 $$'; exit $?"))).ExitCode);

    [Fact]
    public async Task Many_starts_of_one_name_at_once_run_the_command_once()
    {
        var spec = Shell("echo once; sleep 0.2");
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => StartAsync(spec)));
        await Scheduler.WaitAsync(spec.Name, Ct);
        await StartAsync(spec); // and once more after its end
        Assert.IsType<ContainerStatus.Ended>(await Scheduler.WaitAsync(spec.Name, Ct));
        Assert.Equal("once\n", Text((await LogsAsync(spec.Name)).Stdout));
    }

    [Fact]
    public async Task A_start_that_stood_still_while_another_worker_did_all_the_rest_runs_nothing_any_more()
    {
        var spec = Shell("echo once");
        var (start, goOn) = await BeginAsync(spec, Task.CompletedTask);
        var second = await CreateAsync();
        await second.StartAsync(spec, _ => Task.CompletedTask, new Progress<string>(), Ct);
        var ended = Assert.IsType<ContainerStatus.Ended>(await second.WaitAsync(spec.Name, Ct));
        await second.ReleaseAsync(spec.Name, Ct);

        goOn();
        var refused = await Record.ExceptionAsync(() => start);
        Assert.True(refused is null or ContainerRefusedException, $"{refused}");
        var status = await second.WaitAsync(spec.Name, Ct);
        Assert.True(status is ContainerStatus.Absent || status is ContainerStatus.Ended once && once.StartedAt == ended.StartedAt, $"{status} after {ended}");
    }

    [Fact]
    public async Task A_stop_of_what_another_worker_is_about_to_start_keeps_it_from_running()
    {
        var spec = Shell("sleep 300");
        var (start, goOn) = await BeginAsync(spec, Task.FromCanceled(new CancellationToken(canceled: true)));
        var second = await CreateAsync();
        await second.StopAsync(spec.Name, TimeSpan.Zero, Ct);
        Assert.IsType<ContainerStatus.Absent>(await second.InspectAsync(spec.Name, Ct));

        goOn();
        var refused = await Record.ExceptionAsync(() => start);
        Assert.True(refused is ContainerRefusedException or OperationCanceledException, $"{refused}");
        Assert.IsType<ContainerStatus.Absent>(await second.InspectAsync(spec.Name, Ct));
    }

    [Fact]
    public async Task A_start_without_a_permit_runs_nothing_and_the_next_one_does()
    {
        var spec = Shell("echo once");
        await Assert.ThrowsAsync<TaskCanceledException>(
            () => Scheduler.StartAsync(spec, _ => Task.FromCanceled(new CancellationToken(canceled: true)), new Progress<string>(), Ct));
        Assert.True(await Scheduler.InspectAsync(spec.Name, Ct) is ContainerStatus.Absent or ContainerStatus.Created);
        await RunAsync(spec);
        Assert.Equal("once\n", Text((await LogsAsync(spec.Name)).Stdout));
    }

    [Fact]
    public async Task What_was_never_started_is_absent()
    {
        Assert.IsType<ContainerStatus.Absent>(await Scheduler.InspectAsync("gofer-never", Ct));
        Assert.IsType<ContainerStatus.Absent>(await Scheduler.WaitAsync("gofer-never", Ct));
        await Scheduler.StopAsync("gofer-never", TimeSpan.Zero, Ct);
        await Scheduler.ReleaseAsync("gofer-never", Ct);
    }

    [Fact]
    public async Task The_two_streams_come_apart_byte_for_byte_to_the_last_unterminated_line()
    {
        var spec = Shell("""printf 'a\000b\377\ncafé'; printf 'err\nlast' >&2""");
        await StartAsync(spec);
        var (stdout, stderr) = await LogsAsync(spec.Name);
        Assert.Equal([.. "a\0b"u8, 0xFF, .. "\ncafé"u8], stdout);
        Assert.Equal("err\nlast", Text(stderr));
    }

    [Fact]
    public async Task Following_gives_output_before_the_end_and_all_of_it_by_the_end()
    {
        var spec = Shell("echo first; sleep 1; echo second");
        await StartAsync(spec);
        var text = "";
        var firstWhileRunning = false;
        await foreach (var piece in Scheduler.ReadLogsAsync(spec.Name, 0, 0, Ct))
        {
            text += Text(piece.Bytes.ToArray());
            firstWhileRunning |= text == "first\n" && await Scheduler.InspectAsync(spec.Name, Ct) is ContainerStatus.Running;
        }

        Assert.True(firstWhileRunning);
        Assert.Equal("first\nsecond\n", text);
    }

    [Fact]
    public async Task Reading_goes_on_from_any_offset()
    {
        var spec = Shell("i=0; while [ $i -lt 2000 ]; do echo line $i; echo e$i >&2; i=$((i+1)); done");
        await StartAsync(spec);
        var (stdout, stderr) = await LogsAsync(spec.Name);
        Assert.Equal(string.Concat(Enumerable.Range(0, 2000).Select(i => $"line {i}\n")), Text(stdout));
        foreach (var (from, fromErr) in new[] { (1, 0), (777, 5000), (stdout.Length, stderr.Length), (stdout.Length - 1, stderr.Length - 1) })
        {
            var (rest, restErr) = await LogsAsync(spec.Name, from, fromErr);
            Assert.Equal(stdout[from..], rest);
            Assert.Equal(stderr[fromErr..], restErr);
        }
    }

    [Fact]
    public async Task The_environment_arrives_exactly_as_written()
    {
        // Names that a shell knows, that it cannot know, and that it takes for its own; then any others that an environment can hold.
        string[] odd =
        [
            "a.b", "x-y", "1a", "a b", "'", "$", "-i", "--", "%s", "é", "a\nb", "dir", "work", "stat", "child", "code", "mask", "exit_file",
            "IFS", "OPTIND", "PS1", "PS4", "ENV", "BASH_ENV", "PWD", "OLDPWD", "HOME", "LANG", "SHLVL", "_", "PATH",
        ];
        var names = Gen.Char[' ', '~'].Where(c => c != '=').Array[1, 12].Select(c => new string(c));
        // every Unicode scalar but NUL, newlines included
        var scalars = Gen.OneOf(Gen.Int[1, 0xD7FF], Gen.Int[0xE000, 0x10FFFF], Gen.Int[9, 61]).Array[0, 40]
            .Select(all => string.Concat(all.Select(char.ConvertFromUtf32)));
        var environment = Gen.Select(names, scalars).Array[50].Single().Concat(scalars.Array[odd.Length].Single().Zip(odd, (value, name) => (name, value)))
            .DistinctBy(v => v.Item1).ToDictionary(v => v.Item1, v => v.Item2);
        environment["PATH"] = "/nowhere:/opt/mine";
        environment["HOME"] += "/of/mine"; // one that is empty a container engine fills by itself
        var spec = Named(["/bin/cat", "/proc/self/environ"]) with { Environment = environment };
        Assert.Equal(0, (await RunAsync(spec)).ExitCode);
        var seen = Text((await LogsAsync(spec.Name)).Stdout).Split('\0');
        foreach (var (name, value) in environment) Assert.Contains($"{name}={value}", seen);
    }

    [Fact]
    public async Task Another_worker_finds_what_runs_follows_it_and_reads_all_of_its_output()
    {
        var spec = Shell("echo before; sleep 0.5; echo after; exit 9");
        await StartAsync(spec);
        var second = await CreateAsync();
        Assert.IsType<ContainerStatus.Running>(await second.InspectAsync(spec.Name, Ct));
        var ended = Assert.IsType<ContainerStatus.Ended>(await second.WaitAsync(spec.Name, Ct));
        Assert.Equal(9, ended.ExitCode);
        Assert.Equal("before\nafter\n", Text((await LogsAsync(spec.Name, scheduler: second)).Stdout));
    }

    [Fact]
    public async Task Stopping_lets_a_command_end_by_itself_and_keeps_its_exit_code()
    {
        var spec = Shell("trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done");
        await StartAsync(spec);
        await WaitForOutputAsync(spec.Name, "ready");
        await Scheduler.StopAsync(spec.Name, TimeSpan.FromSeconds(10), Ct);
        var ended = Assert.IsType<ContainerStatus.Ended>(await Scheduler.InspectAsync(spec.Name, Ct));
        Assert.Equal(5, ended.ExitCode);
        Assert.EndsWith("bye\n", Text((await LogsAsync(spec.Name)).Stdout), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_ignores_the_request_is_killed_after_the_grace()
    {
        var spec = Shell("trap '' TERM; echo ready; while :; do sleep 0.05; done");
        await StartAsync(spec);
        await WaitForOutputAsync(spec.Name, "ready");
        await Scheduler.StopAsync(spec.Name, TimeSpan.FromSeconds(1), Ct);
        Assert.Equal(137, Assert.IsType<ContainerStatus.Ended>(await Scheduler.InspectAsync(spec.Name, Ct)).ExitCode);
        await Scheduler.StopAsync(spec.Name, TimeSpan.FromSeconds(1), Ct); // again, of what has ended
    }

    [Fact]
    public async Task Thirty_two_megabytes_come_whole()
    {
        var spec = Shell("head -c 33554432 /dev/zero");
        await StartAsync(spec);
        var read = 0L;
        await foreach (var piece in Scheduler.ReadLogsAsync(spec.Name, 0, 0, Ct))
        {
            Assert.InRange(piece.Bytes.Length, 1, 64 * 1024);
            read += piece.Bytes.Length;
        }

        Assert.Equal(33554432, read);
    }

    [Fact]
    public async Task Fifty_are_followed_at_once()
    {
        var specs = Enumerable.Range(0, 50).Select(i => Shell($"echo {i}; sleep 1; echo {i}")).ToList();
        await Task.WhenAll(specs.Select(async (spec, i) =>
        {
            await StartAsync(spec);
            Assert.Equal($"{i}\n{i}\n", Text((await LogsAsync(spec.Name)).Stdout));
            Assert.Equal(0, Assert.IsType<ContainerStatus.Ended>(await Scheduler.WaitAsync(spec.Name, Ct)).ExitCode);
        }));
    }

    [Fact]
    public async Task Collecting_removes_what_ended_long_ago_and_spares_what_runs()
    {
        var over = Shell("exit 0");
        var running = Shell("sleep 30");
        await RunAsync(over);
        await StartAsync(running);
        await Scheduler.CollectAsync(TimeSpan.FromHours(1), Ct);
        Assert.IsType<ContainerStatus.Ended>(await Scheduler.InspectAsync(over.Name, Ct));

        Assert.True(await Scheduler.CollectAsync(TimeSpan.Zero, Ct) >= 1);
        Assert.IsType<ContainerStatus.Absent>(await Scheduler.InspectAsync(over.Name, Ct));
        Assert.IsType<ContainerStatus.Running>(await Scheduler.InspectAsync(running.Name, Ct));
    }

    protected ContainerSpec Shell(string script) => Named(["sh", "-c", script]);

    protected ContainerSpec Named(IReadOnlyList<string> command)
    {
        var name = $"gofer-test-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}";
        _names.Add(name);
        return new ContainerSpec
        {
            Name = name,
            Labels = new Dictionary<string, string> { [ContainerLabels.Install] = Install.ToString() },
            Image = "busybox:latest",
            Command = command,
            Environment = new Dictionary<string, string>(),
        };
    }

    protected Task<ContainerStarted> StartAsync(ContainerSpec spec) => Scheduler.StartAsync(spec, _ => Task.CompletedTask, new Progress<string>(), Ct);

    /// <summary>
    /// A worker that stands still with its permit in hand, right before the decisive step: its start, and what lets it go on.
    /// <paramref name="again"/> answers where it asks once more.
    /// </summary>
    private async Task<(Task<ContainerStarted> Start, Action GoOn)> BeginAsync(ContainerSpec spec, Task again)
    {
        var (asked, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var start = Scheduler.StartAsync(spec, _ => asked.TrySetResult() ? goOn.Task : again, new Progress<string>(), Ct);
        await await Task.WhenAny(asked.Task, start);
        return (start, goOn.SetResult);
    }

    protected async Task<ContainerStatus.Ended> RunAsync(ContainerSpec spec)
    {
        await StartAsync(spec);
        return Assert.IsType<ContainerStatus.Ended>(await Scheduler.WaitAsync(spec.Name, Ct));
    }

    protected async Task<(byte[] Stdout, byte[] Stderr)> LogsAsync(string name, long stdout = 0, long stderr = 0, IScheduler? scheduler = null)
    {
        var (first, second) = (new MemoryStream(), new MemoryStream());
        await foreach (var piece in (scheduler ?? Scheduler).ReadLogsAsync(name, stdout, stderr, Ct))
        {
            (piece.Stream == LogStream.Stdout ? first : second).Write(piece.Bytes.Span);
        }

        return (first.ToArray(), second.ToArray());
    }

    protected static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    private async Task WaitForOutputAsync(string name, string text)
    {
        var seen = "";
        await foreach (var piece in Scheduler.ReadLogsAsync(name, 0, 0, Ct))
        {
            seen += Text(piece.Bytes.ToArray());
            if (seen.Contains(text, StringComparison.Ordinal)) return;
        }

        Assert.Fail($"The output ended without '{text}': {seen}");
    }
}
