using System.Globalization;
using System.Text;

namespace Gofer.Sdk;

/// <summary>What becomes of a run that finds as many runs active as its pipeline allows.</summary>
public enum OnLimit
{
    /// <summary>It waits for its turn.</summary>
    Queue,

    /// <summary>The oldest active run is cancelled for it.</summary>
    CancelOldest,

    /// <summary>It is refused: it ends cancelled.</summary>
    Skip,
}

/// <summary>Why an attempt failed; what a retry chooses among.</summary>
public enum Failure
{
    /// <summary>Another exit code than 0.</summary>
    ExitCode,

    /// <summary>The memory limit.</summary>
    OutOfMemory,

    /// <summary>The image could not be had.</summary>
    ImagePull,

    /// <summary>The container vanished.</summary>
    Lost,

    /// <summary>The task's timeout.</summary>
    Timeout,

    /// <summary>The container scheduler refused the container.</summary>
    SchedulerError,
}

/// <summary>Durations as documents have them.</summary>
internal static class Durations
{
    private static readonly (string Unit, TimeSpan Length)[] s_units =
        [("d", TimeSpan.FromDays(1)), ("h", TimeSpan.FromHours(1)), ("m", TimeSpan.FromMinutes(1)), ("s", TimeSpan.FromSeconds(1)), ("ms", TimeSpan.FromMilliseconds(1))];

    public static TimeSpan Check(TimeSpan timeout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.FromMilliseconds(100));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(timeout, TimeSpan.FromDays(30));
        return timeout;
    }

    public static void CheckDelay(TimeSpan? delay)
    {
        if (delay is not { } given) return;
        ArgumentOutOfRangeException.ThrowIfLessThan(given, TimeSpan.Zero, nameof(delay));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(given, TimeSpan.FromDays(7), nameof(delay));
    }

    /// <summary>Largest unit first, to the millisecond: <c>1h30m</c>.</summary>
    public static string Text(TimeSpan duration)
    {
        var text = new StringBuilder();
        foreach (var (unit, length) in s_units)
        {
            var count = duration.Ticks / length.Ticks;
            if (count == 0) continue;
            text.Append(CultureInfo.InvariantCulture, $"{count}{unit}");
            duration -= length * count;
        }

        return text.Length == 0 ? "0s" : text.ToString();
    }
}

/// <summary>Names of the document's words.</summary>
internal static class Words
{
    public static string Of(Failure failure) => failure switch
    {
        Failure.ExitCode => "exit_code",
        Failure.OutOfMemory => "oom",
        Failure.ImagePull => "image_pull",
        Failure.Lost => "lost",
        Failure.Timeout => "timeout",
        Failure.SchedulerError => "scheduler_error",
        _ => throw new ArgumentOutOfRangeException(nameof(failure), failure, "No such failure."),
    };
}
