using System.Diagnostics;

namespace Gofer.Tests.Support.Node;

/// <summary>Programs of Node, whose packages npm installs once into the user's cache.</summary>
internal static class NodePackages
{
    private static readonly SemaphoreSlim s_oneAtATime = new(1);

    /// <summary>The folder <paramref name="name"/> of the cache; where it is not there yet, with these files and what <c>npm</c> makes of them.</summary>
    public static async Task<string> InstallAsync(string name, string[] arguments, string[] files, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "gofer-tests", name);
        await s_oneAtATime.WaitAsync(cancellationToken);
        try
        {
            if (!Directory.Exists(folder)) await MakeAsync(folder, arguments, files, cancellationToken);
        }
        finally
        {
            s_oneAtATime.Release();
        }

        return folder;
    }

    /// <summary>Starts a program, whose output is read by the caller.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, params (string Key, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in environment) start.Environment[key] = value;
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException($"This test needs {program}: apt-get install nodejs npm", e);
        }
    }

    /// <summary>Into a folder beside, which gets its name once all is there.</summary>
    private static async Task MakeAsync(string folder, string[] arguments, string[] files, CancellationToken cancellationToken)
    {
        var beside = $"{folder}.{Environment.ProcessId}";
        Directory.CreateDirectory(beside);
        foreach (var file in files) File.Copy(file, Path.Combine(beside, Path.GetFileName(file)), overwrite: true);
        using var npm = Start("npm", [.. arguments, "--prefix", beside, "--no-audit", "--no-fund", "--ignore-scripts"]);
        var said = await npm.StandardError.ReadToEndAsync(cancellationToken);
        await npm.WaitForExitAsync(cancellationToken);
        if (npm.ExitCode != 0) throw new InvalidOperationException($"This test needs npm and a registry: npm {string.Join(' ', arguments)} for {folder}. {said}");
        try
        {
            Directory.Move(beside, folder);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            Directory.Delete(beside, recursive: true); // another test process was quicker
        }
    }
}
