using Gofer.Application.Schedulers;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Schedulers.Process;

namespace Gofer.Tests.Integration.Schedulers;

public sealed class ProcessSchedulerTests : SchedulerContract
{
    private readonly string _root = Directory.CreateTempSubdirectory("gofer-process-").FullName;

    protected override Task<IScheduler> CreateAsync() => Task.FromResult<IScheduler>(new ProcessScheduler(_root, TimeProvider.System));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task A_task_without_a_command_is_refused_since_images_are_not_run()
    {
        var refused = await Assert.ThrowsAsync<ContainerRefusedException>(() => StartAsync(Named([])));
        Assert.Equal(Reasons.SchedulerError, refused.Reason);
        Assert.Contains("command", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_is_not_there_ends_with_127_and_says_so()
    {
        var ended = await RunAsync(Named(["no-such-command-anywhere"]));
        Assert.Equal(127, ended.ExitCode);
        Assert.Contains("not found", ended.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_command_left_behind_is_killed_with_its_end()
    {
        var spec = Shell("sleep 300 & echo $!");
        Assert.Equal(0, (await RunAsync(spec)).ExitCode);
        var left = Text((await LogsAsync(spec.Name)).Stdout).Trim();
        var deadline = System.Diagnostics.Stopwatch.StartNew();
        while (IsRunning(left))
        {
            Assert.True(deadline.Elapsed < TimeSpan.FromSeconds(10), $"Process {left} lives on.");
            await Task.Delay(10, Ct);
        }
    }

    [Fact]
    public async Task A_shim_that_was_killed_leaves_a_lost_task_and_not_a_running_one()
    {
        var spec = Shell("sleep 300");
        await StartAsync(spec);
        var shim = Shim(spec)[0];
        using (var process = System.Diagnostics.Process.GetProcessById(int.Parse(shim, System.Globalization.CultureInfo.InvariantCulture))) process.Kill();
        Assert.IsType<ContainerStatus.Absent>(await Scheduler.WaitAsync(spec.Name, Ct));
    }

    [Fact]
    public async Task Nothing_of_the_shim_reaches_the_command()
    {
        var spec = Named(["/bin/cat", "/proc/self/environ"]) with { Environment = new Dictionary<string, string> { ["A"] = "1", ["HOME"] = "/mine" } };
        await RunAsync(spec);
        var names = Text((await LogsAsync(spec.Name)).Stdout).Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')[0]);
        Assert.Empty(names.Except(["A", "HOME", "PATH", "LANG", "TMPDIR", "USER"]));
        var mask = Shell("umask; pwd");
        await RunAsync(mask);
        using var own = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("sh", ["-c", "umask"]) { RedirectStandardOutput = true })!;
        Assert.Equal($"{await own.StandardOutput.ReadToEndAsync(Ct)}{_root}/tasks/{mask.Name}/work\n", Text((await LogsAsync(mask.Name)).Stdout));
    }

    /// <summary>Arguments are shown to everybody on the machine, the environment only to the user.</summary>
    [Fact]
    public void No_variable_is_an_argument_but_one_whose_name_a_shell_does_not_take_as_it_is()
    {
        string[] exported = ["PASSWORD", "db_password", "_x", "A1", "if"];
        string[] handed = ["a.b", "1a", "IFS", "PATH", "PS4", "BASH_ENV", "LC_ALL", "OPTIND"];
        var text = LaunchFile.Of(Shell("true") with { Environment = exported.Concat(handed).ToDictionary(name => name, name => $"value of {name}") });
        var arguments = Assert.Single(text.Split('\n'), line => line.StartsWith("set -- ", StringComparison.Ordinal));
        foreach (var name in exported) Assert.DoesNotContain($"value of {name}", arguments, StringComparison.Ordinal);
        foreach (var name in handed) Assert.Contains($" '{name}'='value of {name}' ", arguments, StringComparison.Ordinal);
        Assert.EndsWith("\nexec \"$@\"\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_much_environment_as_the_kernel_takes_arrives()
    {
        var environment = Enumerable.Range(0, 90).ToDictionary(i => $"V{i}", i => new string((char)('a' + (i % 26)), 64 * 1024));
        var spec = Named(["/bin/cat", "/proc/self/environ"]) with { Environment = environment };
        Assert.Equal(0, (await RunAsync(spec)).ExitCode);
        var seen = Text((await LogsAsync(spec.Name)).Stdout).Split('\0').ToHashSet();
        foreach (var (name, value) in environment) Assert.Contains($"{name}={value}", seen);
    }

    [Fact]
    public async Task More_environment_than_the_kernel_takes_is_refused_with_the_reason()
    {
        var environment = Enumerable.Range(0, 256).ToDictionary(i => $"V{i}", _ => new string('x', 64 * 1024));
        var refused = await Assert.ThrowsAsync<ContainerRefusedException>(() => StartAsync(Shell("true") with { Environment = environment }));
        Assert.Equal(Reasons.SchedulerError, refused.Reason);
        Assert.Contains("Linux starts nothing with more than", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_whose_name_looks_like_a_variable_is_run()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root, "commands")).FullName;
        var script = Path.Combine(folder, "a=b");
        await File.WriteAllTextAsync(script, "#!/bin/sh\necho \"$1\"; exit 7\n", Ct);
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var spec = Named([script, "c=d"]);
        Assert.Equal(7, (await RunAsync(spec)).ExitCode);
        Assert.Equal("c=d\n", Text((await LogsAsync(spec.Name)).Stdout));
    }

    [Fact]
    public async Task A_shell_that_fails_again_and_again_is_a_refusal_and_no_endless_start()
    {
        var spec = Shell("true");
        // What a full disk or a folder of somebody else's does: the decisive step fails for every shim, and nobody has taken it.
        Directory.CreateDirectory(Path.Combine(_root, "tasks", spec.Name));
        await File.WriteAllTextAsync(Path.Combine(_root, "tasks", spec.Name, "started"), "in the way", Ct);
        var refused = await Assert.ThrowsAsync<ContainerRefusedException>(() => StartAsync(spec));
        Assert.Equal(Reasons.SchedulerError, refused.Reason);
        Assert.Contains("started", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_at_any_moment_of_a_start_leaves_nothing_running_and_needs_no_kill()
    {
        var mark = $"29{Random.Shared.Next(10_000, 99_999)}"; // how long it sleeps, and how its processes are known
        for (var n = 0; n < 60; n++)
        {
            var spec = Shell($"sleep {mark}");
            using var stop = new CancellationTokenSource();
            var start = Scheduler.StartAsync(spec, _ => Task.CompletedTask, new Progress<string>(), stop.Token);
            var moment = System.Diagnostics.Stopwatch.StartNew();
            while (moment.Elapsed.TotalMilliseconds < n / 3.0 && !start.IsCompleted) Thread.SpinWait(50);
            await stop.CancelAsync();
            await start.ContinueWith(_ => { }, Ct, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            await Scheduler.StopAsync(spec.Name, TimeSpan.FromMinutes(2), Ct);
            var status = await Scheduler.WaitAsync(spec.Name, Ct);
            Assert.True(status is ContainerStatus.Absent or ContainerStatus.Ended { ExitCode: 143 }, $"{n}: {status}");
            await Scheduler.ReleaseAsync(spec.Name, Ct);
        }

        Assert.DoesNotContain(Directory.EnumerateDirectories("/proc"), folder => IsCommand(folder, $"sleep\0{mark}"));
    }

    [Fact]
    public async Task Processes_of_a_session_that_got_the_number_of_an_earlier_one_are_not_taken_for_its_own()
    {
        var spec = Shell("sleep 300");
        await StartAsync(spec);
        var words = Shim(spec);
        var shim = new ProcessIdentity(int.Parse(words[0], System.Globalization.CultureInfo.InvariantCulture), long.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture));
        while (shim.OthersOfSession().Count == 0) await Task.Delay(2, Ct);
        Assert.Empty((shim with { StartTicks = shim.StartTicks - 1 }).OthersOfSession());
        await Scheduler.StopAsync(spec.Name, TimeSpan.FromMinutes(1), Ct);
        // The command has ended then; what it had begun may take another moment over its own signal.
        while (shim.OthersOfSession().Count > 0) await Task.Delay(2, Ct);
    }

    /// <summary>The number of the shell that took the decisive step, and when it began.</summary>
    private string[] Shim(ContainerSpec spec) => new FileInfo(Path.Combine(_root, "tasks", spec.Name, "started")).LinkTarget!.Split(' ');

    private static bool IsCommand(string folder, string command)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline")).Contains(command, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [Fact]
    public async Task A_folder_that_is_made_after_the_release_starts_nothing()
    {
        var spec = Shell("echo once");
        await RunAsync(spec);
        await Scheduler.ReleaseAsync(spec.Name, Ct);
        // A worker that stood still between its last look and the making of the folder.
        var folder = Directory.CreateDirectory(Path.Combine(_root, "tasks", spec.Name)).FullName;
        await StartAsync(spec);
        Assert.True(new FileInfo(Path.Combine(folder, "started")).LinkTarget is not null, "no shell came to the decisive step");
        Assert.False(File.Exists(Path.Combine(folder, "out")), "the command was started again");
    }

    [Fact]
    public async Task That_a_name_was_used_is_known_for_an_hour_and_then_forgotten()
    {
        var spec = Shell("echo once");
        await RunAsync(spec);
        await Scheduler.ReleaseAsync(spec.Name, Ct);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_root, "tasks")));
        var mark = Path.Combine(_root, "exits", spec.Name);
        await Scheduler.CollectAsync(TimeSpan.Zero, Ct);
        Assert.True(File.Exists(mark));
        File.SetLastWriteTimeUtc(mark, TimeProvider.System.GetUtcNow().UtcDateTime - TimeSpan.FromMinutes(61));
        await Scheduler.CollectAsync(TimeSpan.FromHours(2), Ct);
        Assert.True(File.Exists(mark));
        await Scheduler.CollectAsync(TimeSpan.Zero, Ct);
        Assert.False(File.Exists(mark));
    }

    [Fact]
    public async Task Its_files_are_the_users_own()
    {
        var spec = Shell("echo secret");
        await RunAsync(spec);
        var folder = Path.Combine(_root, "tasks", spec.Name);
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(Path.Combine(folder, "out")) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, "launch")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(_root, "tasks")));
    }

    private static bool IsRunning(string pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
