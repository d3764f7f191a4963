using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Gofer.Cli;

namespace Gofer.Tests.Unit.Cli;

/// <summary><c>gofer context</c> over a settings file, and what goes over the wire then.</summary>
public sealed class ContextTests : IDisposable
{
    private readonly string _room = Directory.CreateTempSubdirectory("gofer-context-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Config => Path.Combine(_room, "inner/config.toml");

    public void Dispose() => Directory.Delete(_room, recursive: true);

    [Fact]
    public async Task Contexts_are_made_listed_used_changed_and_forgotten_and_the_rest_of_the_file_stays()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Config)!);
        await File.WriteAllTextAsync(Config, "# mine\nscheduler = \"process\" # here\n\n[worker]\nlease = \"30s\"\n", Ct);
        var token = Path.Combine(_room, "token");
        await File.WriteAllTextAsync(token, "s3cret\n", Ct);

        Assert.Equal("The context 'prod' is set and in use.\n", (await GoferAsync("context", "set", "prod", "--server", "https://prod.example.com", "-n", "team", "--token-file", token)).Error);
        Assert.Equal("The context 'staging' is set.\n", (await GoferAsync("context", "set", "staging", "--server", "http://staging:8080")).Error);
        Assert.Equal(
            "IN USE  NAME     SERVER                    NAMESPACE  TOKEN\n*       prod     https://prod.example.com  team       set\n        staging  http://staging:8080       default\n",
            (await GoferAsync("context", "list")).Out);
        Assert.Equal("Commands go to 'staging' now: http://staging:8080.\n", (await GoferAsync("context", "use", "staging")).Error);
        Assert.Equal(0, (await GoferAsync("context", "set", "prod", "-n", "other")).Exit);
        Assert.Equal(
            $"# mine\ncontext = \"staging\"\nscheduler = \"process\" # here\n\n[worker]\nlease = \"30s\"\n\n[contexts.prod]\nserver = \"https://prod.example.com\"\nnamespace = \"other\"\ntoken_file = \"{token}\"\n\n[contexts.staging]\nserver = \"http://staging:8080\"\n",
            await File.ReadAllTextAsync(Config, Ct));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Config));

        var unknown = await GoferAsync("context", "use", "stagin");
        Assert.Equal((1, $"gofer: There is no context 'stagin' in {Config}. Did you mean 'staging'?\n"), (unknown.Exit, unknown.Error));
        Assert.Equal(0, (await GoferAsync("context", "delete", "staging", "--yes")).Exit);
        Assert.Equal("prod\n", (await GoferAsync("context", "list", "-o", "name")).Out);
        Assert.DoesNotContain("context = ", await File.ReadAllTextAsync(Config, Ct), StringComparison.Ordinal);
        Assert.Contains("scheduler = \"process\" # here", await File.ReadAllTextAsync(Config, Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_does_not_exist_yet_is_made_for_its_owner_alone()
    {
        Assert.Equal(0, (await GoferAsync("context", "set", "prod", "--server", "http://prod")).Exit);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Config));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(Config)!));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(Config)!));
    }

    [Theory]
    [InlineData("contexts = { prod = { server = \"http://prod\" } }\n", "set prod -n team", "change it by hand")]
    [InlineData("[contexts.prod]\nsever = \"http://prod\"\n", "use prod", "config.toml:2: A context has no 'sever'. Did you mean 'server'?")]
    [InlineData("[contexts.prod]\n", "set prod", "Say what to set: --server, --namespace, --token-file or --token-stdin.")]
    [InlineData("", "set prod --token-file /nowhere/token", "--token-file names /nowhere/token, and there is no such file.")]
    public async Task What_cannot_be_changed_is_refused_and_the_file_stays(string text, string line, string said)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Config)!);
        await File.WriteAllTextAsync(Config, text, Ct);
        var refused = await GoferAsync(["context", .. line.Split(' ')]);
        Assert.Equal(1, refused.Exit);
        Assert.Contains(said, refused.Error, StringComparison.Ordinal);
        Assert.Equal(text, await File.ReadAllTextAsync(Config, Ct));
    }

    [Fact]
    public async Task The_token_of_a_context_is_sent_to_its_server_and_to_no_other()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://{listener.LocalEndpoint}";
        var token = Path.Combine(_room, "token");
        await File.WriteAllTextAsync(token, "s3cret\n", Ct);
        await GoferAsync("context", "set", "here", "--server", url, "-n", "team", "--token-file", token);
        await GoferAsync("context", "set", "there", "--server", "http://there", "--token-file", token);
        var asked = await AskedAsync(listener, () => GoferAsync("pipeline", "list"));
        Assert.Contains("GET /api/v1/namespaces/team/pipelines", asked, StringComparison.Ordinal);
        Assert.Contains("\r\nAuthorization: Bearer s3cret\r\n", asked, StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", await AskedAsync(listener, () => GoferAsync("pipeline", "list", "--context", "there", "--server", url)), StringComparison.Ordinal);
    }

    /// <summary>The head of the one request that the command makes; it is answered with an empty list.</summary>
    private static async Task<string> AskedAsync(TcpListener listener, Func<Task<(int Exit, string Out, string Error)>> command)
    {
        var running = command();
        var accepting = listener.AcceptTcpClientAsync(Ct).AsTask();
        if (await Task.WhenAny(running, accepting) == running) Assert.Fail($"The command ended without asking: {(await running).Error}");
        using var connection = await accepting;
        var stream = connection.GetStream();
        var (head, buffer) = (new StringBuilder(), new byte[4096]);
        while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal)) head.Append(Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer, Ct)));
        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 31\r\nConnection: close\r\n\r\n{\"items\":[],\"next_cursor\":null}"u8.ToArray(), Ct);
        var ended = await running;
        Assert.True(ended.Exit == 0, ended.Error);
        return head.ToString();
    }

    private async Task<(int Exit, string Out, string Error)> GoferAsync(params string[] line)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exit = await App.RunAsync([.. line, "--config", Config], new InvocationConfiguration { Output = output, Error = error }, Ct);
        return (exit, output.ToString(), error.ToString());
    }
}
