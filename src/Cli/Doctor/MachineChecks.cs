using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Gofer.Cli.Commands;
using Gofer.Cli.Configuration;

namespace Gofer.Cli.Doctor;

/// <summary>What this machine itself has to offer: programs, a folder, room in it, a port.</summary>
internal static class MachineChecks
{
    private const long Little = 5L << 30;
    private const long TooLittle = 512L << 20;

    /// <summary>What the process scheduler starts tasks with.</summary>
    private static readonly string[] s_programs = ["sh", "setsid"];

    /// <summary>Whether tasks can run as processes of this machine.</summary>
    public static Finding Processes(bool needed)
    {
        const string name = "processes";
        if (!OperatingSystem.IsLinux()) return Finding.Broken(name, needed, "Tasks run as processes on Linux only.", "Start Docker, and use --scheduler docker.");
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        var missing = s_programs.Where(p => !folders.Any(f => File.Exists(Path.Combine(f, p)))).ToList();
        return missing.Count == 0
            ? Finding.Ok(name, $"Tasks can run as processes of {Environment.UserName}, without a sandbox: {string.Join(" and ", s_programs)} are there.")
            : Finding.Broken(name, needed, $"Tasks cannot run as processes: {string.Join(" and ", missing)} is not on PATH.", "sudo apt-get install util-linux");
    }

    /// <summary>Whether the data folder, or the first one above it that is there, can be written to. Nothing stays behind.</summary>
    public static Finding Folder(string data, bool needed)
    {
        const string name = "data folder";
        var folder = Existing(data);
        try
        {
            using var file = new FileStream(Path.Combine(folder, $".gofer-doctor-{Environment.ProcessId}"), new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Options = FileOptions.DeleteOnClose,
            });
            return Finding.Ok(name, folder == data ? $"{data} can be written to." : $"{data} can be made in {folder}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Finding.Broken(name, needed, $"{data} cannot be used: nothing can be written in {folder}.", $"sudo install -d -o {Environment.UserName} {data}, or name another folder with --data or GOFER_DATA");
        }
    }

    /// <summary>Whether there is room where the data is kept.</summary>
    public static Finding Disk(string data, bool needed)
    {
        const string name = "disk";
        var free = new DriveInfo(Existing(data)).AvailableFreeSpace;
        var said = string.Create(CultureInfo.InvariantCulture, $"{free / (double)(1L << 30):0.0} GiB are free where {data} is.");
        return free switch
        {
            < TooLittle => Finding.Broken(name, needed, said, $"Make room: df -h {Existing(data)}; docker system prune. Or keep the data elsewhere with --data."),
            < Little => Finding.Warning(name, said, $"Make room before it fills up: df -h {Existing(data)}; docker system prune"),
            _ => Finding.Ok(name, said),
        };
    }

    /// <summary>Whether the API can listen where it would; a Gofer that does is as good.</summary>
    public static async Task<Finding> PortAsync(string listen, bool needed, CancellationToken cancellationToken)
    {
        const string name = "port";
        var read = ServerCommands.Endpoint(listen, insecure: true, "");
        if (!read.IsOk) return Finding.Broken(name, needed, read.Error.Message, $"gofer dev --listen {SettingTable.Listen.Default}");
        var endpoint = read.Value;
        try
        {
            using var listener = new TcpListener(endpoint) { ExclusiveAddressUse = true };
            listener.Start();
            return Finding.Ok(name, $"{endpoint} is free.");
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return await ListenerAsync(endpoint, cancellationToken) is { } gofer
                ? Finding.Ok(name, $"{gofer} listens at {endpoint}.")
                : Finding.Broken(name, needed, $"Another program listens at {endpoint}.", $"gofer dev --listen {new IPEndPoint(endpoint.Address, endpoint.Port + 1)}, or see who it is: ss -ltnp 'sport = :{endpoint.Port}'");
        }
        catch (SocketException e)
        {
            return Finding.Broken(name, needed, $"Nothing can listen at {endpoint}: {e.Message}.", $"gofer dev --listen {SettingTable.Listen.Default}");
        }
    }

    /// <summary>Which Gofer listens there; null where it is another program, which may say nothing at all.</summary>
    private static async Task<string?> ListenerAsync(IPEndPoint endpoint, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Examination.Patience / 2);
        try
        {
            return await new ServerCheck($"http://{endpoint}", named: true).AskAsync(patience.Token) switch
            {
                { System: { } system } => $"A Gofer {system.Version}",
                { Refusal: not null } => "A Gofer that asks for a token",
                _ => null,
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static string Existing(string path)
    {
        var folder = Path.GetFullPath(path);
        while (!Directory.Exists(folder)) folder = Path.GetDirectoryName(folder) ?? Path.GetPathRoot(folder)!;
        return folder;
    }
}
