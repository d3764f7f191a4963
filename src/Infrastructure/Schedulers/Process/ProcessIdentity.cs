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

    /// <summary>
    /// The living processes of the session that this one leads, itself not among them, each after the one that began it: a shell whose command is
    /// signalled before itself would go on to the next one meanwhile. Numbers do not say who was first, since they begin again.
    /// </summary>
    public IReadOnlyList<int> OthersOfSession()
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid == Pid) continue;
            // Older than its leader: the number was given out anew, and this is another session.
            if (ReadStat(pid) is { } stat && stat.Session == Pid && stat.StartTicks >= StartTicks && stat.State is not ('Z' or 'X')) parents[pid] = stat.Parent;
        }

        // A number is given out again once the last process of its session is gone: under another leader's none of them is of this one.
        return ReadStat(Pid) is { } leader && leader.StartTicks != StartTicks ? [] : ParentsFirst(parents);
    }

    /// <summary>Processes by the parents that they have, parents before their children.</summary>
    internal static IReadOnlyList<int> ParentsFirst(IReadOnlyDictionary<int, int> parents)
    {
        return [.. parents.Keys.OrderBy(Depth)];

        // They were not looked at in the same moment, so what they say of each other may even be a circle.
        int Depth(int pid)
        {
            var depth = 0;
            while (depth < parents.Count && parents.TryGetValue(pid, out pid)) depth++;
            return depth;
        }
    }

    /// <summary>Sends a signal; one that finds nobody is no error.</summary>
    public static void Signal(int pid, int signal) => _ = Native.Send(pid, signal);

    private static (char State, int Parent, int Session, long StartTicks)? ReadStat(int pid)
    {
        try
        {
            // pid (command) state ppid pgrp session … starttime; the command may hold anything, so from the last parenthesis on.
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            var end = text.LastIndexOf(')');
            if (end < 0) return null; // it went while it was read
            var fields = text[(end + 2)..].Split(' ');
            return (fields[0][0], int.Parse(fields[1], CultureInfo.InvariantCulture), int.Parse(fields[3], CultureInfo.InvariantCulture), long.Parse(fields[19], CultureInfo.InvariantCulture));
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
