using System.Diagnostics;
using System.Globalization;

namespace Gofer.Cli.Terminal;

/// <summary>
/// Says on a terminal what is waited for, and for how long already, once that takes more than a second; takes it back when it is over. To a file
/// or a pipe it says nothing.
/// </summary>
internal static class Waiting
{
    private const string EraseLine = "\r\e[K";
    private static readonly TimeSpan s_tick = TimeSpan.FromSeconds(1);

    /// <summary>Does <paramref name="work"/>, and shows <paramref name="what"/> while it takes its time.</summary>
    public static async Task<T> ForAsync<T>(TextWriter errors, string what, Func<Task<T>> work)
    {
        var task = work();
        if (!Consoles.CanRedraw(errors)) return await task;
        var clock = Stopwatch.StartNew();
        while (await Task.WhenAny(task, Task.Delay(s_tick)) != task)
        {
            await errors.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{EraseLine}… {what} ({clock.Elapsed.TotalSeconds:0} s)"));
        }

        if (clock.Elapsed >= s_tick) Erase(errors);
        return await task;
    }

    /// <summary>Takes back what is shown, for somebody who has a line to print meanwhile.</summary>
    public static void Erase(TextWriter errors)
    {
        if (Consoles.CanRedraw(errors)) errors.Write(EraseLine);
    }
}
