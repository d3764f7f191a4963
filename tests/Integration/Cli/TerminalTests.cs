using Gofer.Tests.Integration.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Gofer.Tests.Integration.Cli;

/// <summary>What belongs on a terminal and nowhere else: colour, questions, and a word on what takes its time.</summary>
public sealed class TerminalTests(GoferServer server) : IAsyncLifetime
{
    private Area _area = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _area = await server.AreaAsync();

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Colour_is_for_a_terminal_and_for_whoever_wants_it()
    {
        await _area.EndAsync(await _area.RunScriptAsync("p", "true"));
        Assert.Contains("\e[", await ShownAsync([]), StringComparison.Ordinal);
        Assert.DoesNotContain("\e[3", await ShownAsync([], ("NO_COLOR", "1")), StringComparison.Ordinal);
        Assert.DoesNotContain("\e[3", await ShownAsync(["--no-color"]), StringComparison.Ordinal);
        Assert.DoesNotContain("\e", await ShownAsync([], ("TERM", "dumb")), StringComparison.Ordinal);
        var piped = await GoferProcess.RunAsync(["run", "get", "p"], [.. Environment, ("TERM", "xterm"), ("NO_COLOR", "")]);
        Assert.DoesNotContain("\e", piped.Out, StringComparison.Ordinal);
        Assert.Contains("succeeded", piped.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("logs", "p", "latest")]
    [InlineData("logs", "p", "latest", "t")]
    [InlineData("logs", "p", "latest", "-f")]
    [InlineData("run", "p", "--follow")]
    public async Task Output_that_a_terminal_would_obey_does_not_get_to_one_but_for_colours(params string[] command)
    {
        const string Written = @"out\033]0;stolen title\007put \033[31mred\033[0m \033[2J\033[6n\033]52;c;c2VjcmV0\007end";
        await _area.EndAsync(await _area.RunScriptAsync("p", $"printf '{Written}\\n'; printf '{Written}\\n' >&2; exit 1"));
        await using var shown = GoferProcess.StartOnTerminal(command, Environment);
        await shown.ExitAsync();
        Assert.Contains("output ", shown.Out, StringComparison.Ordinal);
        Assert.Contains("\e[31mred", shown.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("stolen", shown.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("\e[2J", shown.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("\e[6n", shown.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("\e]", shown.Out, StringComparison.Ordinal);
        // To a program it is what it was.
        var piped = await GoferProcess.RunAsync(["logs", "p", "1", "t", "--stream", "stdout"], Environment);
        Assert.Equal("out\e]0;stolen title\aput \e[31mred\e[0m \e[2J\e[6n\e]52;c;c2VjcmV0\aend\n", piped.Out);
    }

    [Fact]
    public async Task A_delete_asks_at_a_terminal_and_does_what_is_answered()
    {
        await _area.RegisterAsync(Documents.Script("p", "true"));
        await using (var no = GoferProcess.StartOnTerminal(["pipeline", "delete", "p"], Environment))
        {
            await no.PrintsAsync("Delete the pipeline 'p'? [y/N]");
            await no.TypeAsync("n\n");
            Assert.Equal(1, await no.ExitAsync());
            Assert.Contains("Nothing was deleted.", no.Out, StringComparison.Ordinal);
        }

        Assert.Single((await _area.Client.Pipelines.ListPipelinesAsync(_area.Name, cancellationToken: Ct)).Items);
        await using var yes = GoferProcess.StartOnTerminal(["pipeline", "delete", "p"], Environment);
        await yes.PrintsAsync("[y/N]");
        await yes.TypeAsync("y\n");
        Assert.Equal(0, await yes.ExitAsync());
        Assert.Empty((await _area.Client.Pipelines.ListPipelinesAsync(_area.Name, cancellationToken: Ct)).Items);
    }

    [Fact]
    public async Task What_takes_longer_than_a_second_is_told_on_a_terminal_and_taken_back()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var slow = builder.Build();
        slow.MapFallback(async () =>
        {
            await go.Task;
            return Results.Text("""{"items":[],"next_cursor":null}""", "application/json");
        });
        await slow.StartAsync(Ct);
        await using var shown = GoferProcess.StartOnTerminal(["pipeline", "list"], [("GOFER_SERVER", slow.Urls.First())]);
        await using var piped = GoferProcess.Start(["pipeline", "list"], [("GOFER_SERVER", slow.Urls.First())]);
        await shown.PrintsAsync($"… waiting for {slow.Urls.First()}");
        go.SetResult();
        Assert.Equal(0, await shown.ExitAsync());
        Assert.True(shown.Out.LastIndexOf("\r\e[K", StringComparison.Ordinal) > shown.Out.LastIndexOf("waiting for", StringComparison.Ordinal), shown.Out);
        Assert.Equal(0, await piped.ExitAsync());
        Assert.Equal("", piped.Error);
    }

    private (string, string)[] Environment => [("GOFER_SERVER", server.Url.ToString()), ("GOFER_NAMESPACE", _area.Name)];

    private async Task<string> ShownAsync(string[] options, params (string, string)[] environment)
    {
        await using var shown = GoferProcess.StartOnTerminal(["run", "get", "p", .. options], [.. Environment, .. environment]);
        Assert.Equal(0, await shown.ExitAsync());
        Assert.Contains("succeeded", shown.Out, StringComparison.Ordinal);
        return shown.Out;
    }
}
