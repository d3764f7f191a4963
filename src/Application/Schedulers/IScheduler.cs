using Gofer.Application.Logs;

namespace Gofer.Application.Schedulers;

/// <summary>
/// A container scheduler. Every operation names the container by a name that is a function of install, run, task and attempt, and
/// may be repeated at any time by any worker that reaches the same back end: a start of what was started does nothing, a stop of
/// what has ended does nothing. That holds too for a worker that stood still in the middle of a call and goes on long after others have
/// done the rest. Implementations hold nothing that a crash would lose. One contract suite proves them all.
/// </summary>
public interface IScheduler
{
    /// <summary>The kind as settings name it: <c>docker</c>, <c>process</c>.</summary>
    string Kind { get; }

    /// <summary>Asks the back end who it is.</summary>
    /// <exception cref="SchedulerUnavailableException">It does not answer; the message names the cure.</exception>
    Task<Backend> ProbeAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Makes sure that the container was started exactly once: finds the one of that name, else gets the image, creates and starts it.
    /// One that was created and never started (a crash between the two) is started, or replaced by one that is; one that was released is
    /// not started again.
    /// </summary>
    /// <param name="spec">The container.</param>
    /// <param name="permit">
    /// Asked right before the step that makes the command run, after whatever takes long (an image to pull): it returns where the caller may
    /// still take that step, and throws where not.
    /// </param>
    /// <param name="progress">Hears, in words, what is waited for.</param>
    /// <param name="cancellationToken">Ends the wait; what was begun is found again by name.</param>
    /// <exception cref="ContainerRefusedException">It will never start; the reason is a code of <see cref="Domain.Runs.Reasons"/>.</exception>
    /// <exception cref="SchedulerUnavailableException">The back end does not answer; try again.</exception>
    Task<ContainerStarted> StartAsync(
        ContainerSpec spec, Func<CancellationToken, Task> permit, IProgress<string> progress, CancellationToken cancellationToken);

    /// <summary>What became of the container; <see cref="ContainerStatus.Absent"/> is a finding of a back end that answers.</summary>
    /// <exception cref="SchedulerUnavailableException">The back end does not answer; try again.</exception>
    Task<ContainerStatus> InspectAsync(string name, CancellationToken cancellationToken);

    /// <summary>Returns once the container has ended or is absent; holds no thread meanwhile.</summary>
    /// <exception cref="SchedulerUnavailableException">The back end stopped answering; try again.</exception>
    Task<ContainerStatus> WaitAsync(string name, CancellationToken cancellationToken);

    /// <summary>
    /// The container's output from the given offsets (bytes of each stream already had) until it has ended and all of it was read.
    /// Bytes come as the container wrote them, in pieces of at most 64 KiB that are valid until the next one is asked for.
    /// </summary>
    /// <exception cref="SchedulerUnavailableException">The back end stopped answering; go on from the new offsets.</exception>
    IAsyncEnumerable<LogPiece> ReadLogsAsync(string name, long stdoutOffset, long stderrOffset, CancellationToken cancellationToken);

    /// <summary>
    /// Asks the container to end (SIGTERM), and kills it after <paramref name="grace"/>. Returns once it has ended, or was absent. One that
    /// was created and not started is removed, and whoever was about to start it does not, or asks for its permit anew.
    /// </summary>
    /// <exception cref="SchedulerUnavailableException">The back end does not answer; try again.</exception>
    Task StopAsync(string name, TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>
    /// The attempt's end and output are recorded: what was kept only for that may go, but not the knowledge that the name was used. A start
    /// that comes late, from a worker that stood still, must find it.
    /// </summary>
    Task ReleaseAsync(string name, CancellationToken cancellationToken);

    /// <summary>The address at which a container listens for those outside of it: every one of its own network, or this machine's own where it shares the machine's.</summary>
    string ListenAddress => "0.0.0.0";

    /// <summary>Under which name or address this worker reaches the ports of a container that runs; null where it cannot, or where none of that name runs.</summary>
    /// <exception cref="SchedulerUnavailableException">The back end does not answer; try again.</exception>
    Task<string?> FindHostAsync(string name, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    /// <summary>Removes ended containers of this install, and of nobody else, that ended before <paramref name="retention"/> ago; answers how many.</summary>
    Task<int> CollectAsync(TimeSpan retention, CancellationToken cancellationToken);
}

/// <summary>A back end by its own identity (Docker's engine id, host and boot id for processes); two workers that reach the same one name the same.</summary>
public sealed record Backend(string Kind, string Identity, string Node, string Description);

/// <summary>A container to start, in no scheduler's own words.</summary>
public sealed record ContainerSpec
{
    /// <summary>The deterministic name: lower-case letters, digits and '-', at most 63.</summary>
    public required string Name { get; init; }

    /// <summary>What it is, for people and for finding our own: see <see cref="ContainerLabels"/>.</summary>
    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>The image.</summary>
    public required string Image { get; init; }

    /// <summary>Replaces the image's entrypoint; empty keeps it.</summary>
    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    /// <summary>Replaces the image's command; empty keeps it.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>The environment, to be passed exactly as it is.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>What a shared task that is a service gets by name; a container has it in its environment.</summary>
    public IReadOnlyDictionary<string, string> Inputs { get; init; } = new Dictionary<string, string>();

    /// <summary>The folder to start in; null keeps the image's.</summary>
    public string? WorkingDir { get; init; }

    /// <summary>The user to run as; null keeps the image's.</summary>
    public string? User { get; init; }

    /// <summary>CPU limit in thousandths of a core; null sets none.</summary>
    public long? CpuMillis { get; init; }

    /// <summary>Memory limit in bytes; null sets none.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Pull even where the image is there.</summary>
    public bool AlwaysPull { get; init; }

    /// <summary>Registry login, or null.</summary>
    public (string User, string Pass)? RegistryAuth { get; init; }
}

/// <summary>The labels that every container of ours carries.</summary>
public static class ContainerLabels
{
    /// <summary>The install: nobody touches a container whose value is another's.</summary>
    public const string Install = "dev.gofer.install";

    /// <summary>The namespace's name.</summary>
    public const string Namespace = "dev.gofer.namespace";

    /// <summary>The pipeline's name.</summary>
    public const string Pipeline = "dev.gofer.pipeline";

    /// <summary>The run's number.</summary>
    public const string Run = "dev.gofer.run";

    /// <summary>The run's id.</summary>
    public const string RunId = "dev.gofer.run-id";

    /// <summary>The task's id.</summary>
    public const string Task = "dev.gofer.task";

    /// <summary>On containers of extensions, in place of what names a task: the extension's name.</summary>
    public const string Extension = "dev.gofer.extension";

    /// <summary>The attempt.</summary>
    public const string Attempt = "dev.gofer.attempt";

    /// <summary>On containers of a run that one process made by itself, without a server: the id of that process.</summary>
    public const string Local = "dev.gofer.local";
}

/// <summary>A container that runs, or has ended since.</summary>
public sealed record ContainerStarted(DateTimeOffset StartedAt, string? ImageDigest);

/// <summary>What a back end found under a name.</summary>
public abstract record ContainerStatus
{
    private ContainerStatus() { }

    /// <summary>Nothing of that name.</summary>
    public sealed record Absent : ContainerStatus;

    /// <summary>Created and never started.</summary>
    public sealed record Created : ContainerStatus;

    /// <summary>It runs.</summary>
    public sealed record Running(DateTimeOffset StartedAt) : ContainerStatus;

    /// <summary>It ended; <paramref name="OutOfMemory"/> where the kernel killed it for its memory limit.</summary>
    public sealed record Ended(int ExitCode, bool OutOfMemory, DateTimeOffset StartedAt, DateTimeOffset EndedAt, string? Message) : ContainerStatus
    {
        /// <summary>How far apart the clocks of a machine and of the database may be without a stop being taken for the task's own failure.</summary>
        private static readonly TimeSpan s_apart = TimeSpan.FromSeconds(1);

        /// <summary>
        /// Whether it ended as one that somebody stopped because the time that it may take was over. Its times are its machine's and the stop was
        /// by the database's clock, so one that was ended by a signal counts where it comes near enough.
        /// </summary>
        public bool WasStoppedAt(TimeSpan limit)
        {
            var ran = EndedAt - StartedAt;
            return ExitCode != 0 && (ran >= limit || (ExitCode is 128 + 9 or 128 + 15 && ran >= limit - s_apart));
        }
    }
}

/// <summary>Bytes of one stream, as they were written; the memory is the reader's own and valid until the next piece is asked for.</summary>
public readonly record struct LogPiece(LogStream Stream, ReadOnlyMemory<byte> Bytes);

/// <summary>The container will never start: asking again gives the same answer.</summary>
public sealed class ContainerRefusedException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>A code of <see cref="Domain.Runs.Reasons"/>.</summary>
    public string Reason { get; } = reason;
}

/// <summary>The back end does not answer.</summary>
public sealed class SchedulerUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
