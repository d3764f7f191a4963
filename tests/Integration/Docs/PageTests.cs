using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;
using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Tests.Integration.Docs;

/// <summary>
/// The pages are done word by word, as their reader does them: every fence marked <c>sh run</c> and <c>sh serve</c> is run in one shell, and what
/// the page shows below it must be said. Only the ports are others, and tasks run as processes. A page that starts no server finds one.
/// </summary>
public sealed partial class PageTests(GoferServer server)
{
    /// <summary>Every page with something to run, so that a new one is run too.</summary>
    public static TheoryData<string> Pages => [.. Directory.GetFiles(Repository.PathOf("docs"), "*.md", SearchOption.AllDirectories)
        .Where(p => Fence().Matches(File.ReadAllText(p)).Any(m => m.Groups[1].Value is "sh run" or "sh serve"))
        .Select(p => Path.GetRelativePath(Repository.PathOf("docs"), p)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_does_what_it_says(string page)
    {
        var postgres = new NpgsqlConnectionStringBuilder(await PostgresServer.GetAsync(TestContext.Current.CancellationToken));
        var listen = $"127.0.0.1:{FreePort().ToString(CultureInfo.InvariantCulture)}";
        var database = string.Create(CultureInfo.InvariantCulture, $"gofer_test_{TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()}_{RandomNumberGenerator.GetHexString(12, lowercase: true)}");
        using var area = await server.AreaAsync();
        var text = (await File.ReadAllTextAsync(Repository.PathOf($"docs/{page}"), TestContext.Current.CancellationToken))
            .Replace("127.0.0.1:8080", listen, StringComparison.Ordinal)
            .Replace("--project examples/", $"--project {Repository.PathOf("examples")}/", StringComparison.Ordinal)
            .Replace("postgres://postgres:postgres@127.0.0.1:5432/gofer", Url(postgres, database), StringComparison.Ordinal);
        var fences = Fence().Matches(text).Select(m => (Kind: m.Groups[1].Value, Text: m.Groups[2].Value)).ToList();
        Assert.Contains(fences, f => f.Kind == "text");
        var brings = fences.Exists(f => f.Kind == "sh serve");
        await using var shell = PageShell.Start(brings ? $"http://{listen}" : server.Url.ToString(), brings ? "default" : area.Name, listen, postgres);
        for (var i = 0; i < fences.Count; i++)
        {
            var expected = i + 1 < fences.Count && fences[i + 1].Kind == "text" ? fences[i + 1].Text.Split('\n', StringSplitOptions.RemoveEmptyEntries) : [];
            if (fences[i].Kind == "sh serve") await shell.ServeAsync(fences[i].Text, expected.Select(Pattern).Single());
            if (fences[i].Kind != "sh run") continue;
            var said = await shell.RunAsync(fences[i].Text);
            foreach (var line in expected) Assert.True(Pattern(line).IsMatch(said), $"{page} promises\n{line}\nof\n{fences[i].Text}which said\n{said}");
        }
    }

    /// <summary>A line as the page shows it: <c>…</c> stands for anything.</summary>
    private static Regex Pattern(string line) => new(string.Join(".*", line.Trim().Split('…').Select(Regex.Escape)), RegexOptions.NonBacktracking);

    private static string Url(NpgsqlConnectionStringBuilder server, string database) =>
        $"postgres://{Uri.EscapeDataString(server.Username!)}:{Uri.EscapeDataString(server.Password ?? "")}@{server.Host}:{server.Port.ToString(CultureInfo.InvariantCulture)}/{database}";

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    [GeneratedRegex(@"^```([a-z ]*)\n(.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();
}
