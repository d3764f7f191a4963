using System.CommandLine;
using System.Text.RegularExpressions;
using Gofer.Cli;
using Gofer.Cli.Commands;

namespace Gofer.Tests.Unit.Cli;

/// <summary>Every page of <c>--help</c>, as somebody reads it on a terminal of 80 columns.</summary>
public sealed partial class HelpTests
{
    private static readonly IReadOnlyList<Command> s_commands = [.. Below(App.Root())];

    [Fact]
    public void Every_command_has_an_example_that_the_program_takes()
    {
        Assert.True(s_commands.Count > 30);
        Assert.All(s_commands, command =>
        {
            Assert.True(command.Examples.Count > 0, $"'{HelpPage.PathOf(command)}' has no example: give it one with .Example(\"{HelpPage.PathOf(command)} …\").");
            Assert.All(command.Examples, example =>
            {
                var typed = Typed().Match(example.Line);
                Assert.True(typed.Success, example.Line);
                var parsed = App.Root().Parse([.. Word().Matches(typed.Groups[1].Value).Select(w => w.Value.Trim('\''))]);
                Assert.True(parsed.Errors.Count == 0, $"{example.Line}: {string.Join(' ', parsed.Errors.Select(e => e.Message))}");
                if (example == command.Examples[0]) Assert.StartsWith(HelpPage.PathOf(command), HelpPage.PathOf(parsed.CommandResult.Command), StringComparison.Ordinal);
            });
        });
    }

    [Fact]
    public void Every_command_says_in_a_sentence_what_it_does() => Assert.All(s_commands, command =>
    {
        Assert.False(string.IsNullOrWhiteSpace(command.Description), HelpPage.PathOf(command));
        Assert.True(command.Description!.EndsWith('.') && !command.Description.Contains('\n', StringComparison.Ordinal), $"'{HelpPage.PathOf(command)}': {command.Description}");
        Assert.All(command.Options.Where(o => !o.Hidden), o => Assert.False(string.IsNullOrWhiteSpace(o.Description), $"{HelpPage.PathOf(command)} {o.Name}"));
        Assert.All(command.Arguments.Where(a => !a.Hidden), a => Assert.False(string.IsNullOrWhiteSpace(a.Description), $"{HelpPage.PathOf(command)} {a.Name}"));
    });

    [Fact]
    public void Every_page_fits_in_eighty_columns_and_shows_its_examples() => Assert.All(s_commands, command =>
    {
        using var page = new StringWriter();
        HelpPage.Write(command, page, 80);
        Assert.All(page.ToString().Split('\n'), line => Assert.True(line.Length <= 80, $"'{HelpPage.PathOf(command)}' has a line of {line.Length}: {line}"));
        foreach (var example in command.Examples) Assert.Contains($"\n  {example.Line}\n", page.ToString(), StringComparison.Ordinal);
    });

    [Fact]
    public async Task The_first_page_groups_the_commands_by_what_they_are_for()
    {
        var page = await HelpAsync("--help");
        var serve = page.IndexOf("\nServe:\n  dev ", StringComparison.Ordinal);
        var run = page.IndexOf("\nRun them:\n  run ", StringComparison.Ordinal);
        Assert.True(serve > 0 && run > serve, page);
        Assert.Contains("\nExamples:\n  # everything from nothing to a finished run\n  gofer demo --once\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_says_how_a_command_is_called()
    {
        var page = await HelpAsync("logs", "--help");
        Assert.StartsWith("Print the output of a run, or of one task of it.\n\nUsage:\n  gofer logs PIPELINE [RUN] [TASK] [OPTIONS]\n\nArguments:\n", page, StringComparison.Ordinal);
        Assert.Contains("--stream stderr|stdout ", page, StringComparison.Ordinal);
        Assert.Contains("-f, --follow ", page, StringComparison.Ordinal);
        Assert.Contains("-o, --output json|jsonl|name|table\n", page, StringComparison.Ordinal);
        Assert.Contains("or latest. [default: latest]", page, StringComparison.Ordinal);
    }

    private static async Task<string> HelpAsync(params string[] line)
    {
        using var output = new StringWriter();
        Assert.Equal(0, await App.RunAsync(line, new InvocationConfiguration { Output = output, Error = output }, TestContext.Current.CancellationToken));
        return output.ToString();
    }

    /// <summary>What of a line is gofer's: variables before it and pipes after it are the shell's.</summary>
    [GeneratedRegex(@"^(?:[A-Z_]+=\S+ |source <\()*gofer (.*?)\)?(?: [<>|] .*)?$")]
    private static partial Regex Typed();

    [GeneratedRegex(@"'[^']*'|\S+")]
    private static partial Regex Word();

    private static IEnumerable<Command> Below(Command command) => command.Subcommands.Where(c => !c.Hidden).SelectMany(Below).Prepend(command);
}
