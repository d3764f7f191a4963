using System.Diagnostics;
using System.Globalization;

namespace Gofer.Infrastructure.Postgres.Embedded;

/// <summary>What <c>postmaster.pid</c> says of the server of a data folder, which may have ended without removing it.</summary>
internal sealed record Postmaster(int Pid, string DataFolder, int Port)
{
    public static Postmaster? Read(string data)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(Path.Combine(data, "postmaster.pid"));
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        return lines is [var pid, var folder, _, var port, ..]
            && int.TryParse(pid, CultureInfo.InvariantCulture, out var id)
            && int.TryParse(port, CultureInfo.InvariantCulture, out var number)
                ? new Postmaster(Math.Abs(id), folder, number)
                : null;
    }

    /// <summary>Whether a process of that id lives; one that ended and that nobody has asked after yet does not.</summary>
    public bool IsAlive()
    {
        try
        {
            using var process = Process.GetProcessById(Pid);
            return Stat() is not { } stat || stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Whether the process of that id can be a Postgres: after a reboot the id may be anybody's.</summary>
    public bool LooksLikePostgres() => Stat() is not { } stat || stat.Contains("(postgres)", StringComparison.Ordinal);

    /// <summary>Whether the process is the server of <paramref name="data"/> and may be signalled.</summary>
    public bool IsServerOf(string data) => DataFolder == data && IsAlive() && LooksLikePostgres();

    private string? Stat()
    {
        try
        {
            return OperatingSystem.IsLinux() ? File.ReadAllText($"/proc/{Pid.ToString(CultureInfo.InvariantCulture)}/stat") : null;
        }
        catch (IOException)
        {
            return "(gone) X";
        }
    }
}
