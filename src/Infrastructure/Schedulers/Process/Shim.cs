using System.ComponentModel;
using System.Diagnostics;
using Gofer.Application.Schedulers;
using Gofer.Domain.Runs;

namespace Gofer.Infrastructure.Schedulers.Process;

/// <summary>
/// Launches a command under a POSIX shell that outlives its worker: in a session of its own, with no pipe to anybody, output to files,
/// the exit code to a file that is written under another name and renamed. The shell has an environment of its own, and the command gets
/// nothing of it: see <see cref="LaunchFile"/>.
/// </summary>
internal static class Shim
{
    /// <summary>
    /// The decisive step is the link: it is made once, so of all shims that any workers launch for one folder, at any time and after any crash,
    /// one runs the command and the others end at once. Who took it is what the link says, so that at no moment, however slow the machine, it
    /// was taken by somebody unknown. What a kill costs: before the link nothing happened and the next launch starts; after it the command may
    /// have run, nobody starts it again, and the missing exit code makes it lost.
    /// The folder goes when the task is released and the exit file stays (<see cref="TaskFolder.Release"/>): a folder that was made after
    /// that, by a worker that stood still until then, is told by it, and nothing runs.
    /// $1 folder, $2 exit file, $3 working folder, then the command.
    /// </summary>
    private const string Script =
        """
        exec </dev/null >/dev/null 2>&1
        mask=$(umask)
        umask 077
        dir=$1 exit_file=$2 work=$3
        shift 3
        exec 2>"$dir/shim"
        identify() { shift 19; start=$1; }
        read -r stat </proc/$$/stat
        identify ${stat##*") "}
        ln -sT "$$ $start" "$dir/started" || exit 1
        [ -e "$exit_file" ] && { echo "the task has ended" >&2; exit 1; }
        cd "$work" || { echo "cannot enter $work" >"$dir/err"; echo 126 >"$dir/exit"; mv "$dir/exit" "$exit_file"; exit 0; }
        { umask "$mask"; . "$dir/launch"; } >"$dir/out" 2>"$dir/err" &
        child=$!
        trap 'kill -TERM "$child" 2>/dev/null' TERM
        trap '' HUP INT QUIT
        wait "$child"; code=$?
        while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
        echo "$code" >"$dir/exit"
        mv "$dir/exit" "$exit_file"
        """;

    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Starts a shim for the folder, in which a launch file is.</summary>
    /// <exception cref="ContainerRefusedException">The system cannot start a shell.</exception>
    public static System.Diagnostics.Process Start(TaskFolder folder, ContainerSpec spec)
    {
        var start = new ProcessStartInfo("setsid", ["/bin/sh", "-c", Script, "gofer-shim", folder.Path, folder.ExitFile, spec.WorkingDir ?? folder.Work])
        {
            UseShellExecute = false,
        };
        foreach (var word in spec.Entrypoint.Concat(spec.Command)) start.ArgumentList.Add(word);
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH") is { Length: > 0 } path ? path : DefaultPath;
        try
        {
            return System.Diagnostics.Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new ContainerRefusedException(Reasons.SchedulerError, $"The command could not be launched: {e.Message}", e);
        }
    }
}
