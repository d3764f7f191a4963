using System.Globalization;
using System.Text.Json;
using Gofer.Client;
using Gofer.Infrastructure.Secrets;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Cli;

/// <summary>Secrets at the command line.</summary>
public sealed class SecretCliTests(GoferServer server) : IAsyncLifetime
{
    private Area _area = null!;

    public async ValueTask InitializeAsync() => _area = await server.AreaAsync();

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_value_comes_by_standard_input_and_one_line_break_at_its_end_is_left_away()
    {
        await _area.RegisterAsync(Of("p", Step("t", "echo ${#X}").And(""" "variables":{"X":"pipeline_secret{{token}}"} """)));
        var set = await GoferAsync("correct horse\n", "secret", "set", "token", "-p", "p");
        Assert.Equal((0, "", "The secret 'token' has version 1. Tasks read it as pipeline_secret{{token}}.\n"), set);
        Assert.Contains("t | 13", (await GoferAsync(null, "run", "p", "--follow")).Out, StringComparison.Ordinal);
        Assert.Contains("version 2", (await GoferAsync("correct horse\n\n", "secret", "set", "token", "--pipeline", "p")).Error, StringComparison.Ordinal);
        Assert.Contains("t | 14", (await GoferAsync(null, "run", "p", "--follow")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_known_of_secrets_is_listed_read_and_deleted_in_each_place()
    {
        var key = $"g{_area.Name}";
        await _area.RegisterAsync(Script("p", "true"));
        foreach (var (name, place) in new[] { ("token", new[] { "-p", "p" }), ("token", []), (key, ["--global"]) })
        {
            string[] whom = place is ["--global"] ? ["--for", "team-*", "--for", "tools"] : [];
            Assert.Equal(0, (await GoferAsync("correct horse", ["secret", "set", name, .. place, .. whom])).Exit);
            Assert.Contains(name, (await GoferAsync(null, ["secret", "list", "--limit", "500", "-o", "name", .. place])).Out.Split('\n'));
            var got = await GoferAsync(null, ["secret", "get", name, .. place, "-o", "json"]);
            using var json = JsonDocument.Parse(got.Out);
            Assert.Equal((name, 1), (json.RootElement.GetProperty("key").GetString(), json.RootElement.GetProperty("version").GetInt32()));
            if (whom.Length > 0) Assert.Contains("team-* tools", (await GoferAsync(null, ["secret", "get", name, .. place])).Out, StringComparison.Ordinal);
            var kept = await GoferAsync("", ["secret", "delete", name, .. place]);
            Assert.Equal(2, kept.Exit);
            Assert.Equal(0, (await GoferAsync(null, ["secret", "delete", name, .. place, "--yes"])).Exit);
            var gone = await GoferAsync(null, ["secret", "get", name, .. place]);
            Assert.Equal(1, gone.Exit);
            Assert.Contains($"secret '{name}'.", gone.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_cannot_be_set_is_said_before_anything_is_sent_and_without_the_value()
    {
        Assert.Equal((1, "", "gofer: The value must not be empty. Nothing was set.\n"), await GoferAsync("", "secret", "set", "token"));
        var tooLong = await GoferAsync(new string('x', (64 * 1024) + 1), "secret", "set", "token");
        Assert.Equal((1, "gofer: The value is 65537 bytes long; at most 65536 are allowed. Nothing was set.\n"), (tooLong.Exit, tooLong.Error));
        var both = await GoferAsync("x", "secret", "set", "token", "--global", "-p", "p");
        Assert.Equal(2, both.Exit);
        Assert.Contains("--global and --pipeline do not go together", both.Error, StringComparison.Ordinal);
        Assert.Contains("add --global", (await GoferAsync("x", "secret", "set", "token", "--for", "team")).Error, StringComparison.Ordinal);
        Assert.Equal(2, (await GoferAsync("x", "secret", "set", "to/ken")).Exit);
        Assert.Contains("shorter than 6 bytes, so it is not masked", (await GoferAsync("short", "secret", "set", "token")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_may_be_typed_at_a_terminal_and_is_not_shown()
    {
        await using var process = GoferProcess.StartOnTerminal(["secret", "set", "typed"], Environment);
        await process.PrintsAsync("(not shown):");
        await process.TypeAsync("correct hosre\u007f\u007f\u007frse\r");
        await process.PrintsAsync("The secret 'typed' has version 1.");
        Assert.Equal(0, await process.ExitAsync());
        Assert.DoesNotContain("corr", process.Out, StringComparison.Ordinal);
        await _area.RegisterAsync(Of("p", Step("t", "echo ${#X}").And(""" "variables":{"X":"namespace_secret{{typed}}"} """)));
        Assert.Contains("t | 13", (await GoferAsync(null, "run", "p", "--follow")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_key_is_one_that_a_server_takes()
    {
        var made = await GoferProcess.RunAsync(["secret", "new-key", "q4"]);
        Assert.Equal((0, ""), (made.Exit, made.Error));
        Assert.Equal("q4", KeyRing.Parse(made.Out.Trim()).Value.Active);
        Assert.NotEqual(made.Out, (await GoferProcess.RunAsync(["secret", "new-key", "q4"])).Out);
        Assert.StartsWith(TimeProvider.System.GetUtcNow().ToString("yyyy-", CultureInfo.InvariantCulture), (await GoferProcess.RunAsync(["secret", "new-key"])).Out, StringComparison.Ordinal);
    }

    private (string, string)[] Environment => [("GOFER_SERVER", server.Url.ToString()), ("GOFER_NAMESPACE", _area.Name)];

    private Task<(int Exit, string Out, string Error)> GoferAsync(string? input, params string[] arguments) => GoferProcess.RunAsync(arguments, Environment, input: input);
}
