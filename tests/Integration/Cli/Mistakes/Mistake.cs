using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;

namespace Gofer.Tests.Integration.Cli.Mistakes;

/// <summary>
/// A mistake of somebody's first hour, as a real process answers it: command line, output and exit code are an approved text, in which paths,
/// ports and times have names in place of what they are today.
/// </summary>
internal sealed partial record Mistake(string Name, string Cure)
{
    private static readonly string s_folder = FolderOf();

    /// <summary>Every approved mistake.</summary>
    public static IReadOnlyList<string> Approved => [.. Directory.GetFiles(s_folder, "*.txt").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    /// <summary>Settings of the environment; an empty one is taken away.</summary>
    public IReadOnlyList<(string Key, string Value)> Environment { get; init; } = [];

    /// <summary>The folder in which it is made.</summary>
    public string? Folder { get; init; }

    /// <summary>What comes on standard input.</summary>
    public string? Input { get; init; }

    /// <summary>What differs from run to run, with what the approved text calls it.</summary>
    public IReadOnlyList<(string Today, string Named)> Names { get; init; } = [];

    /// <summary>The program that is started in place of <c>gofer</c>, with what comes before its arguments.</summary>
    public IReadOnlyList<string> Under { get; init; } = [];

    /// <summary>Makes the mistake: its answer is the approved one, names the cure, and nothing of it is a stack trace.</summary>
    public async Task IsAnsweredAsync(params string[] arguments)
    {
        var (exit, output, error) = Under.Count == 0
            ? await GoferProcess.RunAsync(arguments, Environment, Folder, Input)
            : await GoferProcess.RunUnderAsync(Under, arguments, Environment, Folder);
        await IsApprovedAsync($"gofer {string.Join(' ', arguments.Select(Quoted))}", exit, output, error);
    }

    /// <summary>Holds what somebody saw against the approved text.</summary>
    public async Task IsApprovedAsync(string command, int exit, string output, string error)
    {
        var said = Normal($"$ {command}\n{End(output)}{End(error)}exit code {exit}\n");
        Assert.DoesNotMatch(StackTrace(), said);
        Assert.DoesNotContain("Exception", said, StringComparison.Ordinal);
        Assert.Contains(Normal(Cure), said[said.IndexOf('\n', StringComparison.Ordinal)..], StringComparison.Ordinal); // in the answer, not in the command
        Assert.Equal(await Approval.ReadAsync(Path.Combine(s_folder, $"{Name}.txt"), said, TestContext.Current.CancellationToken), said);
    }

    private static string End(string text) => text.Length == 0 || text.EndsWith('\n') ? text : $"{text}\n";

    private static string Quoted(string argument) => argument.Contains(' ', StringComparison.Ordinal) || argument.Length == 0 ? $"'{argument}'" : argument;

    private string Normal(string text)
    {
        foreach (var (today, named) in Names.OrderByDescending(n => n.Today.Length)) text = text.Replace(today, named, StringComparison.Ordinal);
        text = text.Replace(Repository.Root, "REPOSITORY", StringComparison.Ordinal);
        text = Port().Replace(text, "127.0.0.1:PORT");
        text = PortAlone().Replace(text, "Port PORT on");
        text = Took().Replace(text, "0.0s");
        text = Stage().Replace(text, "(0.0 s)");
        text = Launch().Replace(text, "sh: ");
        return ProcessId().Replace(text, "process PID");
    }

    private static string FolderOf([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;

    [GeneratedRegex(@"^   at ", RegexOptions.Multiline)]
    private static partial Regex StackTrace();

    [GeneratedRegex(@"127\.0\.0\.1:\d{4,5}(?<!:8080|:8081)")]
    private static partial Regex Port();

    [GeneratedRegex(@"Port \d{4,5} on")]
    private static partial Regex PortAlone();

    [GeneratedRegex(@"\b\d+\.\ds\b")]
    private static partial Regex Took();

    [GeneratedRegex(@"\(\d+\.\d s\)")]
    private static partial Regex Stage();

    /// <summary>What a shell calls itself, by the file that it reads.</summary>
    [GeneratedRegex(@"/\S+/launch: (line )?\d+: ")]
    private static partial Regex Launch();

    [GeneratedRegex(@"process \d+")]
    private static partial Regex ProcessId();
}
