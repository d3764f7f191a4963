using System.Globalization;
using System.Text;
using Docker.DotNet.Models;
using ContainerSpec = Gofer.Application.Schedulers.ContainerSpec;

namespace Gofer.Infrastructure.Schedulers.Docker;

/// <summary>
/// Says a container as the <c>docker run</c> line that makes the same by hand, quoted for a POSIX shell. Made of what the
/// <see cref="DockerScheduler"/> sends, so the two cannot differ; name and labels are left out, by which Gofer would take it for its own.
/// </summary>
public static class DockerCommandLine
{
    /// <summary>
    /// The line. Of the variables in <paramref name="secrets"/> it holds no value: the shell puts in its own variable of that name, with
    /// <c>_</c> for what a shell cannot name.
    /// </summary>
    public static string Of(ContainerSpec spec, IReadOnlySet<string> secrets)
    {
        var container = DockerContainers.Parameters(spec, DockerNetwork.Name, exactLogs: false);
        var host = container.HostConfig!;
        List<string> lines =
        [
            spec.AlwaysPull ? "docker run --rm --pull always" : "docker run --rm",
            $"--network {Word(host.NetworkMode)}",
            string.Join(' ', host.SecurityOpt.Select(o => $"--security-opt {Word(o)}")),
            string.Join(' ', host.CapDrop.Select(c => $"--cap-drop {Word(c)}").Concat(host.CapAdd.Select(c => $"--cap-add {Word(c)}"))),
            string.Create(CultureInfo.InvariantCulture, $"--pids-limit {host.PidsLimit}"),
        ];
        if (host.NanoCPUs > 0) lines.Add(string.Create(CultureInfo.InvariantCulture, $"--cpus {host.NanoCPUs / 1e9m:0.#########}"));
        if (host.Memory > 0) lines.Add(string.Create(CultureInfo.InvariantCulture, $"--memory {host.Memory} --memory-swap {host.MemorySwap}"));
        if (container.User.Length > 0) lines.Add($"--user {Word(container.User)}");
        if (container.WorkingDir.Length > 0) lines.Add($"--workdir {Word(container.WorkingDir)}");
        foreach (var variable in container.Env.Order(StringComparer.Ordinal)) lines.Add($"--env {Variable(variable, secrets)}");
        // Of an entrypoint the option takes the first word; the others go before the command.
        if (container.Entrypoint is [var first, ..]) lines.Add($"--entrypoint {Word(first)}");
        lines.Add(Word(container.Image));
        if (Words(container) is { Count: > 0 } words) lines.Add(string.Join(' ', words.Select(Word)));
        return string.Join(" \\\n  ", lines);
    }

    /// <summary>A word of a command line, in quotes where the shell would take it for something else.</summary>
    public static string Word(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "_@%+=:,./-".Contains(c, StringComparison.Ordinal))
            ? text
            : $"'{text.Replace("'", """'\''""", StringComparison.Ordinal)}'";

    private static List<string> Words(CreateContainerParameters container) => [.. (container.Entrypoint ?? []).Skip(1), .. container.Cmd ?? []];

    private static string Variable(string variable, IReadOnlySet<string> secrets)
    {
        var name = variable[..variable.IndexOf('=', StringComparison.Ordinal)];
        return secrets.Contains(name) ? $"\"{InDoubleQuotes(name)}=${ShellName(name)}\"" : Word(variable);
    }

    private static string InDoubleQuotes(string text)
    {
        var quoted = new StringBuilder();
        foreach (var c in text) quoted.Append(c is '$' or '`' or '"' or '\\' ? $"\\{c}" : $"{c}");
        return quoted.ToString();
    }

    private static string ShellName(string name)
    {
        var shell = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
        return char.IsAsciiDigit(shell[0]) ? $"_{shell}" : shell;
    }
}
