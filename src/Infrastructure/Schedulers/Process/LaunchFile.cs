using System.Text;
using System.Text.RegularExpressions;
using Gofer.Application.Schedulers;

namespace Gofer.Infrastructure.Schedulers.Process;

/// <summary>
/// The last lines of a <see cref="Shim"/>, which become the command with exactly its own environment. It goes by a file that only the user
/// may read, since arguments are shown to everybody: the shell exports it, and it stands in no argument of any process. A shell keeps no variable
/// that it cannot name and takes others for its own: these alone are handed to <c>env</c>, whose arguments are seen until it becomes the command.
/// </summary>
internal static partial class LaunchFile
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
        // What shells export by themselves, and the path that the shim itself was given. Found before a variable of the task's may hide it.
        text.Append("set -- \"$(command -v env)\" -u _ -u OLDPWD -u PATH -u PWD -u SHLVL --");
        foreach (var (name, value) in Environment(spec).Where(v => !IsExported(v.Key))) text.Append(' ').Append(Assignment(name, value, quoteName: true));
        // env would take a command with '=' in its name for one more variable.
        if (Command(spec).First().Contains('=', StringComparison.Ordinal)) text.Append(" \"$(command -v nice)\" -n 0");
        text.Append(" \"$@\"\n");
        foreach (var (name, value) in Environment(spec).Where(v => IsExported(v.Key))) text.Append("export ").Append(Assignment(name, value, quoteName: false)).Append('\n');
        return text.Append("exec \"$@\"\n").ToString();
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
    private static string Quoted(string text) => $"'{text.Replace("'", """'\''""", StringComparison.Ordinal)}'";

    private static string Assignment(string name, string value, bool quoteName) => $"{(quoteName ? Quoted(name) : name)}={Quoted(value)}";

    private static bool IsExported(string name) => Name().IsMatch(name) && !OfShells().IsMatch(name);

    /// <summary>A name that every shell can give a variable.</summary>
    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*\\z", RegexOptions.NonBacktracking)]
    private static partial Regex Name();

    /// <summary>What dash, bash, ksh or busybox keep for themselves: they refuse to set it, count in it, or behave otherwise for it.</summary>
    [GeneratedRegex(
        "^(_|ATTY|BASH.*|CHILD_MAX|COMP_.*|COMPREPLY|COPROC|DIRSTACK|ENV|EPOCH.*|EUID|FUNCNAME|FUNCNEST|GLOB.*|GROUPS|HIST.*|IFS|KSH.*|LANG|LANGUAGE|LC_.*|LINENO|MAIL.*|MAPFILE|OLDPWD"
        + "|OPT.*|PATH|PIPESTATUS|POSIXLY_CORRECT|PPID|PS[0-4]|PWD|RANDOM|READLINE_.*|REPLY|SECONDS|SHELLOPTS|SHLVL|SRANDOM|TERM.*|TMOUT|UID)\\z",
        RegexOptions.NonBacktracking)]
    private static partial Regex OfShells();
}
