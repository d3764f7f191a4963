using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Gofer.Worker;

/// <summary>How a worker works; section <c>Gofer:Worker</c>.</summary>
public sealed class WorkerOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Gofer:Worker";

    /// <summary>The worker's name for people; the host's name with the process id where none is given.</summary>
    public string? Name { get; set; }

    /// <summary>How many tasks it holds at a time.</summary>
    [Range(1, 10_000)]
    public int Capacity { get; set; } = 100;

    /// <summary>How long its tasks are its own without a renewal; renewed three times in that time.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long it waits at most before it asks for ready tasks where the database's notifications do not arrive.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:05:00")]
    public TimeSpan Poll { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often it looks for tasks of lost workers and for runs that may be admitted.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan Sweep { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a container may take to end by itself after SIGTERM, before it is killed.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>After how long without any worker that reaches its back end a started attempt is lost.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan LostAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How many workers may die holding a task that they had in common before it fails as poison.</summary>
    [Range(1, 1000)]
    public int PoisonLimit { get; set; } = Domain.Runs.Poison.DefaultLimit;

    /// <summary>How long ended containers are kept for inspection.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "30.00:00:00")]
    public TimeSpan ContainerRetention { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How many bytes of output are stored of one attempt; what comes after is read and dropped.</summary>
    [Range(1024, long.MaxValue)]
    public long LogLimit { get; set; } = 1L << 30;

    /// <summary>Address and port of <c>/healthz</c> and <c>/readyz</c>; null opens none.</summary>
    public string? Listen { get; set; }

    /// <summary>Answer whoever asks there. Off: this machine only.</summary>
    public bool InsecureListen { get; set; }

    /// <summary>Where containers reach the API, as <c>GOFER_API_URL</c>; not set where this is null. The setting is <c>public_url</c>.</summary>
    public string? PublicUrl { get; set; }
}

/// <summary>Refuses to start on a value that cannot work.</summary>
[OptionsValidator]
internal sealed partial class WorkerOptionsValidator : IValidateOptions<WorkerOptions>;
