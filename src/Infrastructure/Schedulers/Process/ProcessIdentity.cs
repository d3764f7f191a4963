using System.Globalization;
using System.Runtime.InteropServices;

namespace Gofer.Infrastructure.Schedulers.Process;

/// <summary>A process for good: its number, which the system gives out again, and its start time in ticks since boot, which it does not.</summary>
internal readonly record struct ProcessIdentity(int Pid, long StartTicks)
{
    public const int Terminate = 15;
    public const int Kill = 9;

    /// <summary>Whether it runs still; a zombie does not.</summary>
    public bool IsAlive => ReadStat(Pid) is { } stat && stat.StartTicks == StartTicks && stat.State is not ('Z' or 'X');

    /// <summary>The living processes of the session that this one leads, itself not among them.</summary>
    public IEnumerable<int> OthersOfSession()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid == Pid) continue;
            // Older than its leader: the number was given out anew, and this is another session.
            if (ReadStat(pid) is { } stat && stat.Session == Pid && stat.StartTicks >= StartTicks && stat.State is not ('Z' or 'X')) yield return pid;
        }
    }

    /// <summary>Sends a signal; one that finds nobody is no error.</summary>
    public static void Signal(int pid, int signal) => _ = Native.Send(pid, signal);

    private static (char State, int Session, long StartTicks)? ReadStat(int pid)
    {
        try
        {
            // pid (command) state ppid pgrp session … starttime; the command may hold anything, so from the last parenthesis on.
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            var end = text.LastIndexOf(')');
            if (end < 0) return null; // it went while it was read
            var fields = text[(end + 2)..].Split(' ');
            return (fields[0][0], int.Parse(fields[3], CultureInfo.InvariantCulture), long.Parse(fields[19], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static class Native
    {
        [DllImport("libc", EntryPoint = "kill")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Send(int pid, int signal);
    }
}
