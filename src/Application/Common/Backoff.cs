namespace Gofer.Application.Common;

/// <summary>How long one waits before one tries again what failed.</summary>
public static class Backoff
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(10);

    /// <summary>A pause that doubles from a tenth of a second to ten, with jitter so that a crowd does not come back at once.</summary>
    public static TimeSpan Pause(int failures)
    {
        var pause = TimeSpan.FromMilliseconds(100 * Math.Pow(2, Math.Min(failures - 1, 10)));
        return (pause < s_longest ? pause : s_longest) * (0.5 + (Random.Shared.NextDouble() / 2));
    }
}
