using System.Runtime.InteropServices;

namespace Gofer.Tests.Chaos.Install;

/// <summary>Signals to processes that this harness, or its Postgres, started.</summary>
internal static class Posix
{
    public const int Quit = 3;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    /// <summary>Whether there was somebody to signal.</summary>
    public static bool Signal(int pid, int signal) => pid > 1 && Native.Send(pid, signal) == 0;

    private static class Native
    {
        [DllImport("libc", EntryPoint = "kill")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Send(int pid, int signal);
    }
}
