using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Gofer.Application.Logs;
using Gofer.Application.Schedulers;
using Gofer.Domain.Runs;

namespace Gofer.Infrastructure.Schedulers.Process;

/// <summary>
/// Runs commands as the worker's user on this machine: no image, no sandbox, no limits of CPU or memory. Each runs under a
/// <see cref="Shim"/> that survives its worker; everything is found again by its folder, its process id and its start time.
/// </summary>
public sealed class ProcessScheduler : IScheduler, IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);
    private const int MostLaunches = 3;
    private static readonly TimeSpan ShimTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How long it is remembered at least that a name was used: by so much a start of a worker that stood still may come late.</summary>
    private static readonly TimeSpan LateStart = TimeSpan.FromHours(1);

    private readonly string _root;
    private readonly TimeProvider _clock;
    private readonly ExitWatch _exits;

    /// <summary>Over a folder that only this user may enter; workers that shall adopt each other's tasks share it.</summary>
    public ProcessScheduler(string root, TimeProvider clock)
    {
        (_root, _clock) = (Path.GetFullPath(root), clock);
        if (!OperatingSystem.IsLinux()) throw new SchedulerUnavailableException("The process scheduler needs Linux. Use --scheduler docker.");
        const UnixFileMode mine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(_root, mine);
        Directory.CreateDirectory(Path.Combine(_root, "tasks"), mine);
        Directory.CreateDirectory(Path.Combine(_root, TaskFolder.Exits), mine);
        Directory.CreateDirectory(Path.Combine(_root, TaskFolder.Gone), mine);
        _exits = new ExitWatch(Path.Combine(_root, TaskFolder.Exits));
    }

    /// <inheritdoc/>
    public string Kind => "process";

    /// <inheritdoc/>
    public string ListenAddress => "127.0.0.1";

    /// <inheritdoc/>
    public async Task<string?> FindHostAsync(string name, CancellationToken cancellationToken) =>
        await InspectAsync(name, cancellationToken) is ContainerStatus.Running ? ListenAddress : null;

    /// <inheritdoc/>
    public async Task<Backend> ProbeAsync(CancellationToken cancellationToken)
    {
        // A boot ends every process: after it this is another back end, which answers for none of the old ones. The folder is part of
        // it too, for what is kept there is all that is known of a task.
        var boot = await File.ReadAllTextAsync("/proc/sys/kernel/random/boot_id", cancellationToken);
        var identity = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Environment.MachineName}\n{boot.Trim()}\n{_root}")))[..32];
        return new Backend(Kind, identity, Environment.MachineName, $"processes of {Environment.UserName} on {Environment.MachineName}, no sandbox");
    }

    /// <inheritdoc/>
    public async Task<ContainerStarted> StartAsync(
        ContainerSpec spec, Func<CancellationToken, Task> permit, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var folder = new TaskFolder(_root, spec.Name);
        if (!folder.IsStarted)
        {
            Refuse(spec);
            await permit(cancellationToken);
            if (folder.IsReleased) throw new ContainerRefusedException(Reasons.SchedulerError, "The task was stopped, or has ended, under another worker; it is not started again.");
            folder.Create(LaunchFile.Of(spec));
            await LaunchAsync(folder, spec, cancellationToken);
        }

        return new ContainerStarted(folder.StartedAt, null);
    }

    /// <inheritdoc/>
    public Task<ContainerStatus> InspectAsync(string name, CancellationToken cancellationToken) => Task.FromResult(Inspect(new TaskFolder(_root, name)));

    /// <inheritdoc/>
    public async Task<ContainerStatus> WaitAsync(string name, CancellationToken cancellationToken)
    {
        var folder = new TaskFolder(_root, name);
        while (true)
        {
            var status = Inspect(folder);
            if (status is ContainerStatus.Ended or ContainerStatus.Absent)
            {
                _exits.Forget(name);
                KillRest(folder);
                return status;
            }

            await _exits.WaitAsync(name, () => File.Exists(folder.ExitFile), Poll, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<LogPiece> ReadLogsAsync(
        string name, long stdoutOffset, long stderrOffset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var folder = new TaskFolder(_root, name);
        using var stdout = new LogTail(folder, LogStream.Stdout, stdoutOffset);
        using var stderr = new LogTail(folder, LogStream.Stderr, stderrOffset);
        var pause = TimeSpan.FromMilliseconds(5);
        while (true)
        {
            // Looked at before reading: what an ended task wrote is there, so an empty read after it is the end.
            var ended = Inspect(folder) is ContainerStatus.Ended or ContainerStatus.Absent;
            var any = false;
            // One piece of each in turn, so that a flood on one stream does not hide the other.
            if (await stdout.ReadAsync(cancellationToken) is { } one)
            {
                any = true;
                yield return one;
            }

            if (await stderr.ReadAsync(cancellationToken) is { } other)
            {
                any = true;
                yield return other;
            }

            if (any)
            {
                pause = TimeSpan.FromMilliseconds(5);
                continue;
            }

            if (ended) yield break;
            await _exits.WaitAsync(name, () => File.Exists(folder.ExitFile), pause, cancellationToken);
            pause = pause * 2 < TimeSpan.FromMilliseconds(200) ? pause * 2 : TimeSpan.FromMilliseconds(200);
        }
    }

    /// <inheritdoc/>
    public async Task StopAsync(string name, TimeSpan grace, CancellationToken cancellationToken)
    {
        var folder = new TaskFolder(_root, name);
        if (folder.TakeMark())
        {
            // A shim that was launched for it comes too late from now on, so nothing can begin behind our back.
            folder.Release();
            return;
        }

        // Nor behind the back of a worker that stood still and would only now make the folder.
        if (!folder.Exists) folder.Release();

        if (folder.ReadIdentity() is not { IsAlive: true } shim) return;

        // Everybody but the shim: it has the exit code to record. The kill comes first to the children for the same reason.
        foreach (var pid in await CommandAsync(folder, shim, cancellationToken)) ProcessIdentity.Signal(pid, ProcessIdentity.Terminate);
        if (await EndsWithinAsync(folder, shim, grace, cancellationToken)) return;
        foreach (var pid in shim.OthersOfSession()) ProcessIdentity.Signal(pid, ProcessIdentity.Kill);
        if (await EndsWithinAsync(folder, shim, ShimTimeout, cancellationToken)) return;
        if (shim.IsAlive) ProcessIdentity.Signal(shim.Pid, ProcessIdentity.Kill);
        foreach (var pid in shim.OthersOfSession()) ProcessIdentity.Signal(pid, ProcessIdentity.Kill);
        folder.WriteExit(137);
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(string name, CancellationToken cancellationToken)
    {
        new TaskFolder(_root, name).Release();
        _exits.Forget(name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<int> CollectAsync(TimeSpan retention, CancellationToken cancellationToken)
    {
        var before = _clock.GetUtcNow() - retention;
        TaskFolder.Sweep(_root, _clock.GetUtcNow() - (retention > LateStart ? retention : LateStart));
        var collected = 0;
        foreach (var path in Directory.EnumerateDirectories(Path.Combine(_root, "tasks")))
        {
            var folder = new TaskFolder(_root, Path.GetFileName(path));
            var over = Inspect(folder) switch
            {
                ContainerStatus.Ended ended => ended.EndedAt < before,
                ContainerStatus.Running => false,
                _ => new DateTimeOffset(Directory.GetCreationTimeUtc(path), TimeSpan.Zero) < before,
            };
            if (!over) continue;
            folder.Forget();
            collected++;
        }

        return Task.FromResult(collected);
    }

    /// <inheritdoc/>
    public void Dispose() => _exits.Dispose();

    /// <summary>Returns once some shim took the decisive step, of this worker or of another.</summary>
    private static async Task LaunchAsync(TaskFolder folder, ContainerSpec spec, CancellationToken cancellationToken)
    {
        for (var launches = 1; ; launches++)
        {
            // The runtime reaps it whenever it ends; the object is not needed for that.
            using var shim = Shim.Start(folder, spec);
            var waited = Stopwatch.StartNew();
            while (!folder.IsStarted && !shim.HasExited)
            {
                if (waited.Elapsed > StartTimeout) throw new SchedulerUnavailableException("The machine did not start a shell in 30 seconds.");
                await Task.Delay(waited.ElapsedMilliseconds < 50 ? 2 : 20, cancellationToken);
            }

            if (folder.IsStarted) return;
            if (!folder.Exists) throw new SchedulerUnavailableException("The task was released while it started.");
            if (launches == MostLaunches)
            {
                throw new ContainerRefusedException(
                    Reasons.SchedulerError, $"The shell that runs the command failed {launches} times: {(folder.ReadComplaint() is { Length: > 0 } said ? said : "it said nothing")}");
            }
        }
    }

    private static void Refuse(ContainerSpec spec)
    {
        if (spec.Entrypoint.Count + spec.Command.Count == 0)
        {
            throw new ContainerRefusedException(
                Reasons.SchedulerError,
                $"The process scheduler runs commands, not images: give the task a command, or run it on docker to use the command of {spec.Image}.");
        }

        if (spec.User is { } user && user != Environment.UserName)
        {
            throw new ContainerRefusedException(
                Reasons.SchedulerError, $"The process scheduler runs everything as {Environment.UserName}; it cannot run a task as {user}.");
        }

        if (spec.WorkingDir is { } folder && !Directory.Exists(folder))
        {
            throw new ContainerRefusedException(Reasons.SchedulerError, $"The working_dir {folder} does not exist on this machine.");
        }

        if (LaunchFile.Bytes(spec) is > LaunchFile.MostBytes and var bytes)
        {
            throw new ContainerRefusedException(
                Reasons.SchedulerError,
                $"Environment and command are {bytes} bytes together, and Linux starts nothing with more than {LaunchFile.MostBytes}. Let the task read large values from a file.");
        }
    }

    private static ContainerStatus Inspect(TaskFolder folder)
    {
        if (!folder.Exists) return new ContainerStatus.Absent();
        if (folder.ReadExit() is { } early) return Ended(folder, early);
        if (!folder.IsStarted) return new ContainerStatus.Created();
        if (folder.ReadIdentity() is { IsAlive: true }) return new ContainerStatus.Running(folder.StartedAt);
        return folder.ReadExit() is { } exit ? Ended(folder, exit) : new ContainerStatus.Absent();
    }

    private static ContainerStatus.Ended Ended(TaskFolder folder, (int Code, DateTimeOffset At) exit) => new(
        exit.Code, OutOfMemory: false, folder.Exists ? folder.StartedAt : exit.At, exit.At,
        exit.Code switch
        {
            126 => "The command could not be started (exit code 126). Is it a program, and executable (chmod +x)?",
            127 => "The command was not found on this machine (exit code 127). Is it installed, and on the worker's PATH?",
            _ => null,
        });

    /// <summary>As a container does, a task ends with its first process: what it left behind is killed.</summary>
    private static void KillRest(TaskFolder folder)
    {
        if (folder.ReadIdentity() is not { } shim) return;
        foreach (var pid in shim.OthersOfSession()) ProcessIdentity.Signal(pid, ProcessIdentity.Kill);
    }

    /// <summary>The processes of the command, as soon as the shim has begun it: whoever signals before that signals nobody.</summary>
    private static async Task<IReadOnlyList<int>> CommandAsync(TaskFolder folder, ProcessIdentity shim, CancellationToken cancellationToken)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var command = shim.OthersOfSession();
            if (command.Count > 0 || waited.Elapsed > ShimTimeout || !shim.IsAlive || folder.ReadExit() is not null) return command;
            await Task.Delay(2, cancellationToken);
        }
    }

    private async Task<bool> EndsWithinAsync(TaskFolder folder, ProcessIdentity shim, TimeSpan time, CancellationToken cancellationToken)
    {
        var waited = Stopwatch.StartNew();
        while (shim.IsAlive && folder.ReadExit() is null)
        {
            if (waited.Elapsed >= time) return false;
            var left = time - waited.Elapsed;
            await _exits.WaitAsync(
                folder.Name, () => File.Exists(folder.ExitFile), left < TimeSpan.FromMilliseconds(100) ? left : TimeSpan.FromMilliseconds(100), cancellationToken);
        }

        return folder.ReadExit() is not null;
    }
}
