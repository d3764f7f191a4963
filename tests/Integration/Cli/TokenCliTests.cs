using Gofer.Domain.Access;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Cli;

/// <summary>Tokens and roles at the command line, against a server process that asks for them.</summary>
public sealed class TokenCliTests
{
    [Fact]
    public async Task From_the_first_token_to_one_that_is_revoked()
    {
        await using var cluster = await GoferCluster.StartAsync(("GOFER_API__AUTHENTICATION", "tokens"));
        var server = cluster.Area.Http.BaseAddress!.ToString();
        var nobody = await GoferAsync(server, null, "namespace", "list");
        Assert.Equal(4, nobody.Exit);
        Assert.Contains("A token is wanted", nobody.Error, StringComparison.Ordinal);
        Assert.Contains("gofer token bootstrap", nobody.Error, StringComparison.Ordinal);

        var doctor = await GoferAsync(server, null, "doctor");
        Assert.Equal(1, doctor.Exit);
        Assert.Contains("does not let you in. A token is wanted", doctor.Out, StringComparison.Ordinal);

        var first = await GoferAsync(server, null, "token", "bootstrap");
        Assert.Equal(0, first.Exit);
        Assert.Matches($"^{TokenText.Pattern}\n$", first.Out);
        var admin = first.Out.TrimEnd();
        Assert.DoesNotContain(admin[21..], first.Error, StringComparison.Ordinal);
        var again = await GoferAsync(server, null, "token", "bootstrap");
        Assert.Equal((1, ""), (again.Exit, again.Out));
        Assert.Contains("was made already", again.Error, StringComparison.Ordinal);

        Assert.Contains($"answers at {server.TrimEnd('/')}", (await GoferAsync(server, admin, "doctor")).Out, StringComparison.Ordinal);
        Assert.Equal(0, (await GoferAsync(server, admin, "namespace", "create", "team-a")).Exit);
        var made = await GoferAsync(server, admin, "token", "create", "ci", "--role", "developer", "--for", "team-*", "--expires", "12h");
        var token = made.Out.TrimEnd();
        Assert.Contains("with developer in team-*", made.Error, StringComparison.Ordinal);
        Assert.Equal("team-a\n", (await GoferAsync(server, token, "namespace", "list", "-o", "name")).Out);
        var denied = await GoferAsync(server, token, "namespace", "delete", "team-a", "--yes");
        Assert.Equal(4, denied.Exit);
        Assert.Contains("does not allow 'delete' on 'namespaces' in 'team-a'", denied.Error, StringComparison.Ordinal);
        Assert.Equal(1, (await GoferAsync(server, token, "pipeline", "list", "-n", "default")).Exit);

        var who = await GoferAsync(server, token, "token", "whoami");
        Assert.Contains("You are 'ci'", who.Error, StringComparison.Ordinal);
        Assert.Contains("read", who.Out, StringComparison.Ordinal);
        var role = await GoferAsync(server, admin, "role", "set", "starter", "--allow", "runs:read,operate:team-*", "--allow", "logs:read:*");
        Assert.True(role.Exit == 0, role.Error);
        Assert.Contains("runs:read,operate:team-*  logs:read:*", (await GoferAsync(server, admin, "role", "list")).Out, StringComparison.Ordinal);
        Assert.Contains("read operate", (await GoferAsync(server, admin, "role", "get", "starter")).Out, StringComparison.Ordinal);

        var id = TokenText.Parse(token)!.Id;
        Assert.Contains("disabled", (await GoferAsync(server, admin, "token", "disable", id)).Error, StringComparison.Ordinal);
        Assert.Contains("disabled", (await GoferAsync(server, admin, "token", "get", id)).Out, StringComparison.Ordinal);
        Assert.Contains("enabled", (await GoferAsync(server, admin, "token", "enable", id)).Error, StringComparison.Ordinal);
        Assert.Equal(0, (await GoferAsync(server, admin, "token", "delete", id, "--yes")).Exit);
        Assert.DoesNotContain(id, (await GoferAsync(server, admin, "token", "list")).Out, StringComparison.Ordinal);
        Assert.Equal(0, (await GoferAsync(server, admin, "role", "delete", "starter", "--yes")).Exit);
    }

    [Theory]
    [InlineData("'run' is none", "role", "set", "x", "--allow", "run:read:*", "names 'run'")]
    [InlineData("two parts", "role", "set", "x", "--allow", "runs:read", "must be like 'runs:read,operate:team-*'")]
    [InlineData("a duration", "token", "create", "x", "--role", "viewer", "--for", "*", "--expires", "soon", "--expires is 'soon'")]
    [InlineData("an id", "token", "get", "ci", "'ci' is no id of a token")]
    [InlineData("a whole token", "token", "get", "gof_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "give its id, 0123456789abcdef")]
    public async Task What_can_be_none_is_said_before_anything_is_sent(string what, params string[] words)
    {
        var (exit, said, error) = await GoferAsync("http://127.0.0.1:1", null, words[..^1]);
        Assert.True(exit == 2, what);
        Assert.Equal("", said);
        Assert.Contains(words[^1], error, StringComparison.Ordinal);
    }

    private static Task<(int Exit, string Out, string Error)> GoferAsync(string server, string? token, params string[] arguments) =>
        GoferProcess.RunAsync(arguments, token is null ? [("GOFER_SERVER", server)] : [("GOFER_SERVER", server), ("GOFER_TOKEN", token)]);
}
