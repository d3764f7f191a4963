using System.Globalization;
using Gofer.Application.Logs;

namespace Gofer.Infrastructure.Schedulers.Process;

/// <summary>
/// What is kept on disk of one task: readable by its owner only, removed when the task's end is recorded. Its exit file stays for as long as
/// a start of it may come late.
/// </summary>
internal sealed class TaskFolder(string root, string name)
{
    /// <summary>The folder below the root in which exit files appear: one folder for all tasks, so one watch sees every end.</summary>
    public const string Exits = "exits";

    /// <summary>The folder below the root to which removed tasks go, to be emptied there.</summary>
    public const string Gone = "gone";

    private const int MostTries = 10;

    public string Name => name;

    public string Path { get; } = System.IO.Path.Combine(root, "tasks", name);

    public string ExitFile { get; } = System.IO.Path.Combine(root, Exits, name);

    /// <summary>Where a command starts that names no folder.</summary>
    public string Work => System.IO.Path.Combine(Path, "work");

    public bool Exists => Directory.Exists(Path);

    /// <summary>Whether the task was released, or stopped before anything of it ran: nothing under this name runs any more.</summary>
    public bool IsReleased => !Exists && File.Exists(ExitFile);

    /// <summary>Whether some shim took the decisive step.</summary>
    public bool IsStarted => Mark.LinkTarget is not null;

    /// <summary>When a shim took it; the earliest time of the command's start.</summary>
    public DateTimeOffset StartedAt => new(Mark.LastWriteTimeUtc, TimeSpan.Zero);

    /// <summary>A link that leads nowhere: it says who took the decisive step, and is there whole or not at all.</summary>
    private FileInfo Mark => new(System.IO.Path.Combine(Path, "started"));

    public string LogOf(LogStream stream) => System.IO.Path.Combine(Path, stream == LogStream.Stdout ? "out" : "err");

    /// <summary>Makes the folder with what a shim reads; whoever is second writes the same.</summary>
    public void Create(string launch)
    {
        Directory.CreateDirectory(Work);
        var temporary = System.IO.Path.Combine(Path, $"launch.{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(temporary, options)) file.Write(System.Text.Encoding.UTF8.GetBytes(launch));
        File.Move(temporary, System.IO.Path.Combine(Path, "launch"), overwrite: true);
    }

    /// <summary>What a shim complained of; empty where it did of nothing.</summary>
    public string ReadComplaint()
    {
        try
        {
            return File.ReadAllText(System.IO.Path.Combine(Path, "shim")).Trim();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return "";
        }
    }

    /// <summary>Takes the decisive step before any shim does; false where one did, or where there is no folder.</summary>
    public bool TakeMark()
    {
        try
        {
            Mark.CreateAsSymbolicLink("nobody");
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>The exit code and when it was recorded; null where none is.</summary>
    public (int Code, DateTimeOffset At)? ReadExit()
    {
        try
        {
            var text = File.ReadAllText(ExitFile);
            var at = new DateTimeOffset(File.GetLastWriteTimeUtc(ExitFile), TimeSpan.Zero);
            return int.TryParse(text, NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var code) ? (code, at) : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Records an exit code for a shim that cannot any more; what a shim recorded first stays.</summary>
    public void WriteExit(int code) => WriteExit(code.ToString(CultureInfo.InvariantCulture));

    /// <summary>
    /// Removes the folder for good. The exit file is there before the folder goes and stays, so whoever comes late finds the one or the
    /// other at any moment; where no command ran it says so in place of a code.
    /// </summary>
    public void Release()
    {
        if (!File.Exists(ExitFile)) WriteExit("none");
        Remove();
    }

    /// <summary>The shim that took the decisive step; null where none did.</summary>
    public ProcessIdentity? ReadIdentity() =>
        Mark.LinkTarget?.Split(' ') is [var number, var ticks]
        && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
        && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var start)
            ? new ProcessIdentity(pid, start)
            : null;

    /// <summary>Removes folder and exit file: from here on nothing is known of the task.</summary>
    public void Forget()
    {
        Remove();
        File.Delete(ExitFile);
    }

    /// <summary>
    /// Takes the folder away whole before it empties it: were it emptied where it stands, a shim could take the decisive step between
    /// the going of the mark and of the folder. A crash between the two leaves what <see cref="Sweep"/> removes.
    /// </summary>
    private void Remove()
    {
        var gone = System.IO.Path.Combine(root, Gone, $"{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}");
        try
        {
            Directory.Move(Path, gone);
            Empty(gone);
        }
        catch (DirectoryNotFoundException)
        {
            // somebody else released it, or it never was
        }
    }

    private void WriteExit(string text)
    {
        var temporary = $"{ExitFile}.{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}";
        File.WriteAllText(temporary, text + "\n");
        try
        {
            File.Move(temporary, ExitFile, overwrite: false);
        }
        catch (IOException)
        {
            File.Delete(temporary);
        }
    }

    /// <summary>
    /// Removes what removals that were cut short left behind, and exit files from before <paramref name="before"/> whose folders are gone.
    /// </summary>
    public static void Sweep(string root, DateTimeOffset before)
    {
        foreach (var left in Directory.EnumerateDirectories(System.IO.Path.Combine(root, Gone))) Empty(left);
        foreach (var file in new DirectoryInfo(System.IO.Path.Combine(root, Exits)).EnumerateFiles())
        {
            if (file.LastWriteTimeUtc < before && !Directory.Exists(System.IO.Path.Combine(root, "tasks", file.Name))) file.Delete();
        }
    }

    private static void Empty(string folder)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
                return;
            }
            catch (DirectoryNotFoundException)
            {
                return; // somebody else empties it too
            }
            catch (IOException) when (tries < MostTries)
            {
                // somebody wrote into it while it was being emptied, or empties it too
            }
        }
    }
}
