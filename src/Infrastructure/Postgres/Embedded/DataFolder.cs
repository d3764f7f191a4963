using System.Globalization;
using Gofer.Domain.Common;

namespace Gofer.Infrastructure.Postgres.Embedded;

/// <summary>
/// The folder in which one Gofer process keeps what must survive it. Holding it is exclusive: the lock is the operating system's and
/// ends with the process however that ends, so no crash leaves it locked.
/// </summary>
public sealed class DataFolder : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Enterable = Private | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly FileStream _lock;

    private DataFolder(string path, FileStream heldLock) => (Path, _lock) = (path, heldLock);

    /// <summary>The folder, absolute and without symbolic links.</summary>
    public string Path { get; }

    /// <summary>What only lives as long as an installation runs: who holds the folder, the port and the password of its Postgres.</summary>
    public string Run => System.IO.Path.Combine(Path, "run");

    /// <summary>What belongs to the Postgres server; where root starts it, this belongs to the user that it runs as.</summary>
    public string Postgres => System.IO.Path.Combine(Path, "postgres");

    /// <summary>Where a person may put server binaries of their own.</summary>
    public string Binaries => System.IO.Path.Combine(Path, "bin");

    private string Holder => System.IO.Path.Combine(Run, "holder");

    /// <summary>The folder that is used when nobody names one.</summary>
    public static string Default() => Environment.IsPrivilegedProcess
        ? "/var/lib/gofer"
        : System.IO.Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "gofer");

    /// <summary>Makes the folder if it is missing and takes it; another process that holds it is named in the error.</summary>
    public static Result<DataFolder> Open(string? path = null)
    {
        var wanted = System.IO.Path.GetFullPath(string.IsNullOrWhiteSpace(path) ? Default() : path);
        FileStream? held = null;
        try
        {
            var created = !Directory.Exists(wanted);
            Directory.CreateDirectory(wanted);
            wanted = Canonical(wanted);
            Protect(wanted, created);
            held = new FileStream(System.IO.Path.Combine(wanted, "lock"), ForOwner(FileMode.OpenOrCreate));
            var folder = new DataFolder(wanted, held);
            CreatePrivate(folder.Run);
            folder.Announce(null);
            return folder;
        }
        catch (IOException taken) when (IsSharingViolation(taken))
        {
            return HeldBy(wanted);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            return new Error(
                ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable,
                $"The data folder {wanted} cannot be used: {refused.Message} Name another with --data or GOFER_DATA.");
        }
    }

    /// <summary>Tells whoever finds the folder locked which process holds it and, once it is known, at which URL that answers.</summary>
    public void Announce(string? url) =>
        WriteFile(Holder, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n{url}\n"));

    /// <summary>Gives the folder back.</summary>
    public void Dispose() => _lock.Dispose();

    /// <summary>The text of a file of <see cref="Run"/>, or null where there is none.</summary>
    internal string? Read(string name)
    {
        var file = System.IO.Path.Combine(Run, name);
        return File.Exists(file) ? File.ReadAllText(file).Trim() : null;
    }

    /// <summary>Keeps a text in a file of <see cref="Run"/> that only its owner can read; a crash leaves the old text or the new.</summary>
    internal void Write(string name, string text) => WriteFile(System.IO.Path.Combine(Run, name), text);

    private static void WriteFile(string file, string text)
    {
        var draft = $"{file}.new";
        File.Delete(draft);
        using (var stream = new FileStream(draft, ForOwner(FileMode.CreateNew)))
        {
            stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(draft, file, overwrite: true);
    }

    /// <summary>Makes a folder that only its owner can enter.</summary>
    internal static void CreatePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, Private);
        }
    }

    private static FileStreamOptions ForOwner(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }

    private static Error HeldBy(string path)
    {
        var lines = HolderLines(System.IO.Path.Combine(path, "run", "holder"));
        var pid = lines is [{ Length: > 0 } known, ..] ? $"process {known}" : "another process";
        var url = lines is [_, { Length: > 0 } address, ..] ? $", which answers at {address}" : "";
        return new Error(
            ErrorKind.Conflict, ErrorCodes.InUse,
            $"The data folder {path} is in use by {pid}{url}. Use that one, end it, or name another folder with --data or GOFER_DATA.");
    }

    private static string[] HolderLines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            // The lock says that somebody holds the folder; who, only its owner or a process that has come this far can say.
            return [];
        }
    }

    /// <summary>
    /// A plain user's folder is closed to others. Root's can be entered but not listed, because the server's user must reach
    /// <see cref="Postgres"/> in it; everything else inside is closed by its own mode. A folder with other people's things in it
    /// keeps the mode that it has.
    /// </summary>
    private static void Protect(string path, bool created)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        if (Environment.IsPrivilegedProcess)
        {
            if (created || !Directory.EnumerateFileSystemEntries(path).Any())
            {
                File.SetUnixFileMode(path, Enterable);
            }
        }
        else if (created)
        {
            File.SetUnixFileMode(path, Private);
        }
    }

    /// <summary>Resolves links in every part: a server names its data folder by one path for life.</summary>
    private static string Canonical(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return path;
        }

        var resolved = "/";
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var next = System.IO.Path.Combine(resolved, part);
            resolved = Directory.ResolveLinkTarget(next, returnFinalTarget: true) is { } target ? Canonical(target.FullName) : next;
        }

        return resolved;
    }

    /// <summary>.NET reports a lock that somebody holds by errno EAGAIN: 11 on Linux, 35 on macOS; Windows has a code for it.</summary>
    private static bool IsSharingViolation(IOException exception) => exception.HResult is 11 or 35 or unchecked((int)0x80070020);
}
