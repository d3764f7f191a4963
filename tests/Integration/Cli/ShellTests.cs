using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Cli;

/// <summary>Real shells on a terminal where somebody presses TAB, over a real server.</summary>
public sealed class ShellTests(GoferServer server) : IAsyncLifetime
{
    private readonly string _room = Directory.CreateTempSubdirectory("gofer-shell-").FullName;
    private Area _area = null!;

    public async ValueTask InitializeAsync()
    {
        _area = await server.AreaAsync();
        // What the shell runs is printed in place of being run; what TAB asks for is the program's own.
        var gofer = Path.Combine(_room, "gofer");
        await File.WriteAllTextAsync(gofer, $"#!/bin/sh\ncase $1 in complete|completion) exec dotnet '{GoferProcess.Program}' \"$@\" ;; esac\necho \"ran:[$*]\"\n");
        File.SetUnixFileMode(gofer, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        Directory.Delete(_room, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("bash", "bash --norc --noprofile -i")]
    [InlineData("zsh", "zsh -f -i")]
    public async Task Tab_completes_commands_options_choices_and_the_names_that_the_server_knows(string name, string command)
    {
        await _area.EndAsync(await _area.RunScriptAsync("nightly", "true"));
        await using var shell = GoferProcess.StartShell(
            command,
            [
                ("GOFER_SERVER", server.Url.ToString()), ("GOFER_NAMESPACE", _area.Name), ("GOFER_COMPLETION_TIMEOUT", "1m"), ("HOME", _room), ("ZDOTDIR", _room),
                ("PATH", $"{_room}:{Environment.GetEnvironmentVariable("PATH")}"),
            ],
            _room);
        await shell.TypeAsync($"source <(gofer completion {name}); echo re''ady\n");
        await shell.PrintsAsync("ready");
        foreach (var (typed, ran) in new[]
        {
            ("gofer pip\t\n", "pipeline"),
            ("gofer pipeline lis\t--lim\t\n", "pipeline list --limit"),
            ("gofer logs \t\n", "logs nightly"),
            ("gofer logs nightly lat\t\t\n", "logs nightly latest t"), // the run has one task
            ("gofer run list --state succ\t\n", "run list --state succeeded"),
            ($"gofer version -n {_area.Name[..^1]}\t\n", $"version -n {_area.Name}"),
        })
        {
            await shell.TypeAsync(typed);
            await shell.PrintsAsync($"ran:[{ran}]");
        }

        await EndAsync(shell);
    }

    [Theory]
    [InlineData("bash", "bash --norc --noprofile -i")]
    [InlineData("zsh", "zsh -f -i")]
    public async Task Where_no_server_answers_tab_says_nothing_and_the_line_stays(string name, string command)
    {
        await using var shell = GoferProcess.StartShell(
            command, [("GOFER_SERVER", "http://127.0.0.1:1"), ("HOME", _room), ("ZDOTDIR", _room), ("PATH", $"{_room}:{Environment.GetEnvironmentVariable("PATH")}")], _room);
        await shell.TypeAsync($"source <(gofer completion {name}); echo re''ady\n");
        await shell.PrintsAsync("ready");
        await shell.TypeAsync("gofer logs night\t\n");
        await shell.PrintsAsync("ran:[logs night]");
        Assert.DoesNotContain("gofer:", shell.Out, StringComparison.Ordinal);
        await EndAsync(shell);
    }

    /// <summary>A shell that only loses its terminal writes its history behind our back, into a room that is being removed.</summary>
    private static async Task EndAsync(GoferProcess shell)
    {
        await shell.TypeAsync("exit\n");
        await shell.ExitAsync();
    }
}
