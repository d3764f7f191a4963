using System.Text;
using Gofer.Application.Schedulers;

namespace Gofer.Infrastructure.Schedulers.Process;

/// <summary>
/// The last lines of a <see cref="Shim"/>, which become the command with exactly its own environment. It goes by a file that only the user
/// may read, since a shell keeps no variable that it cannot name and takes those that it can for its own, and since arguments are shown to
/// everybody for as long as a process lives.
/// </summary>
internal static class LaunchFile
{
    /// <summary>The most that Linux takes of arguments and environment together, whatever limits are set.</summary>
    public const int MostBytes = 6 * 1024 * 1024;

    /// <summary>From here on the limit of the stack, of which the kernel allows a quarter, is raised.</summary>
    private const int ManyBytes = 1024 * 1024;

    /// <summary>What a task gets of the host's own environment; everything else is the task's.</summary>
    private static readonly string[] s_inherited = ["PATH", "HOME", "LANG", "TMPDIR", "USER"];

    /// <summary>The file's text; the command is in the shell's positional parameters.</summary>
    public static string Of(ContainerSpec spec)
    {
        var text = new StringBuilder();
        if (Bytes(spec) > ManyBytes) text.Append("ulimit -S -s ").Append(4 * MostBytes / 1024).Append('\n');
        text.Append("exec env -i --");
        foreach (var (name, value) in Environment(spec)) text.Append(" '").Append(Quoted(name)).Append('=').Append(Quoted(value)).Append('\'');
        // env would take a command with '=' in its name for one more variable.
        if (Command(spec).First().Contains('=', StringComparison.Ordinal)) text.Append(" \"$(command -v nice)\" -n 0");
        return text.Append(" \"$@\"\n").ToString();
    }

    /// <summary>What the kernel counts: each text with its end and a pointer to it.</summary>
    public static long Bytes(ContainerSpec spec) =>
        Environment(spec).Sum(v => Size(v.Key) + 1 + Size(v.Value) + Each) + Command(spec).Sum(word => (long)(Size(word) + Each));

    private const int Each = 1 + 8;

    private static IEnumerable<KeyValuePair<string, string>> Environment(ContainerSpec spec)
    {
        foreach (var name in s_inherited)
        {
            if (!spec.Environment.ContainsKey(name) && System.Environment.GetEnvironmentVariable(name) is { } value) yield return new(name, value);
        }

        foreach (var variable in spec.Environment) yield return variable;
    }

    private static IEnumerable<string> Command(ContainerSpec spec) => spec.Entrypoint.Concat(spec.Command);

    private static long Size(string text) => Encoding.UTF8.GetByteCount(text);

    /// <summary>Within quotes that keep every byte as it is, only the quote itself needs care.</summary>
    private static string Quoted(string text) => text.Replace("'", """'\''""", StringComparison.Ordinal);
}
