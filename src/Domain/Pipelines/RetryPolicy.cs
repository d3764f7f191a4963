using System.Buffers.Binary;
using System.Security.Cryptography;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;

namespace Gofer.Domain.Pipelines;

/// <summary>
/// Which failures of a task are tried again, how often and after how long. The wait is exponential with full jitter: drawn evenly from
/// nothing to <c>min(max_delay, initial_delay × factor^(failures − 1))</c>, after Brooker, "Exponential Backoff and Jitter" (2015). The draw
/// is a function of run, task and attempt, so every process comes to the same one.
/// </summary>
public sealed record RetryPolicy
{
    /// <summary>The classes that are tried again where a policy names none: all that another try can help.</summary>
    public static IReadOnlyList<string> DefaultOn { get; } =
        [Reasons.ExitCode, Reasons.OutOfMemory, Reasons.ImagePull, Reasons.Lost, Reasons.Timeout, Reasons.SchedulerError];

    /// <summary>The greatest <see cref="Factor"/>.</summary>
    public const int MaxFactor = 10;

    /// <summary>A task without a policy: one attempt.</summary>
    public static RetryPolicy None { get; } = new() { MaxAttempts = 1 };

    /// <summary>Attempts in all; the first counts.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>The longest wait after the first failure.</summary>
    public TimeSpan InitialDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What each further failure multiplies the wait with.</summary>
    public double Factor { get; init; } = 2;

    /// <summary>The longest wait of all.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The failure classes that are tried again.</summary>
    public IReadOnlyList<string> On { get; init; } = DefaultOn;

    /// <summary>The exit codes that are tried again, where <see cref="On"/> has <c>exit_code</c>; empty means all.</summary>
    public IReadOnlyList<int> ExitCodes { get; init; } = [];

    /// <summary>Whether a failed attempt is followed by another.</summary>
    public bool Retries(int attempt, string? reason, int? exitCode) =>
        attempt < MaxAttempts
        && reason is not null && On.Contains(reason)
        && (reason != Reasons.ExitCode || ExitCodes.Count == 0 || (exitCode is { } code && ExitCodes.Contains(code)));

    /// <summary>The longest wait after that many failed attempts.</summary>
    public TimeSpan LongestDelay(int failures)
    {
        var grown = InitialDelay.TotalMilliseconds * Math.Pow(Factor, failures - 1);
        return grown < MaxDelay.TotalMilliseconds ? TimeSpan.FromMilliseconds(grown) : MaxDelay;
    }

    /// <summary>The wait before the attempt after <paramref name="attempt"/>.</summary>
    public TimeSpan Delay(RunId run, int task, int attempt) => LongestDelay(attempt) * Draw(run, task, attempt);

    /// <summary>Evenly spread over [0, 1).</summary>
    private static double Draw(RunId run, int task, int attempt)
    {
        Span<byte> key = stackalloc byte[24];
        run.Value.TryWriteBytes(key);
        BinaryPrimitives.WriteInt32LittleEndian(key[16..], task);
        BinaryPrimitives.WriteInt32LittleEndian(key[20..], attempt);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, hash);
        return (BinaryPrimitives.ReadUInt64LittleEndian(hash) >> 11) * (1.0 / (1UL << 53));
    }
}
