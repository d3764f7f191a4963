using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Gofer.Client;
using Gofer.Store.V1;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;
using Gofer.Tests.Support.Stores;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Stores;

/// <summary>An install whose secrets and objects are in the example of a store.</summary>
public sealed class StoreInstallTests(GoferServer server) : IAsyncLifetime
{
    private readonly string _tokenFile = Path.GetTempFileName();
    private ExampleStore _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private (string, string)[] Settings =>
    [
        ("GOFER_SECRETS__STORE", "grpc"), ("GOFER_OBJECTS__STORE", "grpc"), ("GOFER_STORE__ADDRESS", _store.Options.Address.ToString()),
        ("GOFER_STORE__TOKEN_FILE", _tokenFile),
    ];

    public async ValueTask InitializeAsync()
    {
        _store = await ExampleStore.StartAsync(Ct);
        await File.WriteAllTextAsync(_tokenFile, $"{ExampleStore.Token}\n", Ct);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        File.Delete(_tokenFile);
    }

    [Fact]
    public async Task An_install_keeps_its_secrets_and_objects_there_and_waits_for_it_when_it_is_away()
    {
        await using var cluster = await GoferCluster.StartAsync(Settings);
        var worker = await cluster.WorkerAsync(settings: Settings);
        await cluster.Area.RegisterAsync(Of("p", Step("t", "echo ${#X} $X; echo $Y").And(""" "variables":{"X":"pipeline_secret{{token}}","Y":"pipeline_object{{mark}}"} """)));
        var (owner, bytes) = (new ObjectOwner("default", "p"), RandomNumberGenerator.GetBytes(3_000_000));
        var put = await cluster.Area.SendAsync(HttpMethod.Put, "pipelines/p/secrets/token", """{"value":"correct horse"}""");
        Assert.Equal(HttpStatusCode.Created, put.Status);
        await cluster.Area.Client.Bytes.PutAsync(owner, "mark", new MemoryStream("here"u8.ToArray()), cancellationToken: Ct);
        await cluster.Area.Client.Bytes.PutAsync(owner, "build", new MemoryStream(bytes), cancellationToken: Ct);
        Assert.Equal(bytes, await BytesAsync(cluster));
        var run = await cluster.Area.EndAsync(await cluster.Area.RunAsync("p"));
        Assert.Equal((RunState.Succeeded, "13 ***\nhere\n"), (run.State, Encoding.UTF8.GetString(await cluster.Area.LogAsync(run))));
        Assert.Equal(0, await cluster.ScalarAsync<long>("select (select count(*) from gofer.secrets) + (select count(*) from gofer.object_chunks)"));
        Assert.Equal(3, _store.Files.Count);

        await _store.KillAsync();
        foreach (var path in new[] { "pipelines/p/secrets/token", "pipelines/p/objects/build" })
        {
            var away = await cluster.Area.SendAsync(HttpMethod.Get, path);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "store_unavailable"), (away.Status, away.Json.GetProperty("code").GetString()));
        }

        // Whether a store that broke off did what it was asked for nobody knows; that it was asked is noted in any case.
        const string Noted = "select string_agg(outcome, ' ' order by id) from gofer.audit where type = 'secret.written' and subject = 'token'";
        Assert.Equal("asked done", await cluster.ScalarAsync<string>(Noted));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await cluster.Area.SendAsync(HttpMethod.Put, "pipelines/p/secrets/token", """{"value":"another horse"}""")).Status);
        Assert.Equal("asked done asked", await cluster.ScalarAsync<string>(Noted));

        var waits = await cluster.Area.RunAsync("p");
        await SaysWhyAsync(cluster, waits);
        await _store.StartAgainAsync(Ct);
        Assert.Equal(RunState.Succeeded, (await cluster.Area.EndAsync(waits)).State);
        Assert.Equal(bytes, await BytesAsync(cluster));

        await cluster.Area.SendAsync(HttpMethod.Delete, "pipelines/p/objects/build");
        await cluster.Area.SendAsync(HttpMethod.Delete, "pipelines/p/secrets/token");
        Assert.Single(_store.Files);
        var said = cluster.Api.Error + worker.Error + _store.Said;
        Assert.DoesNotContain("correct horse", said, StringComparison.Ordinal);
        Assert.DoesNotContain(ExampleStore.Token, said, StringComparison.Ordinal);
        Assert.Equal($"grpc {_store.Options.Address}", await cluster.ScalarAsync<string>("select object_store from gofer.install"));
    }

    [Fact]
    public async Task An_object_whose_bytes_the_store_has_changed_is_no_tasks_variable()
    {
        await using var cluster = await GoferCluster.StartAsync(Settings);
        await cluster.WorkerAsync(settings: Settings);
        await cluster.Area.RegisterAsync(Of("p", Step("t", "true").And(""" "variables":{"Y":"pipeline_object{{mark}}"} """)));
        await cluster.Area.Client.Bytes.PutAsync(new ObjectOwner("default", "p"), "mark", new MemoryStream("here"u8.ToArray()), cancellationToken: Ct);
        await File.WriteAllTextAsync(Assert.Single(_store.Files), "rm -", Ct);
        var run = await cluster.Area.EndAsync(await cluster.Area.RunAsync("p"));
        var task = (await cluster.Area.TasksAsync(run))["t"];
        Assert.Equal(("missing_object", "The pipeline object 'mark' has other bytes in the store than were put. Put it again."), (task.Reason, task.Message));
    }

    [Theory]
    [InlineData("Secrets shall be in a store of your own (secrets.store), and nothing says where it is. Set store.address", "GOFER_SECRETS__STORE", "grpc")]
    [InlineData("Objects shall be in a store of your own (objects.store), and nothing says where it is. Set store.address", "GOFER_OBJECTS__STORE", "grpc")]
    [InlineData("store.address must be a server and a port alone", "GOFER_OBJECTS__STORE", "grpc", "GOFER_STORE__ADDRESS", "https://store.example/below")]
    [InlineData("GOFER_STORE__ADDRESS must be a URL such as", "GOFER_SECRETS__STORE", "grpc", "GOFER_STORE__ADDRESS", "https://user:word@store.example")]
    [InlineData("which is another machine, and without TLS", "GOFER_SECRETS__STORE", "grpc", "GOFER_STORE__ADDRESS", "http://store.example:7443")]
    [InlineData("must be visible ASCII", "GOFER_SECRETS__STORE", "grpc", "GOFER_STORE__ADDRESS", "https://store.example", "GOFER_STORE__TOKEN", "two words")]
    public async Task Settings_that_cannot_work_are_said_before_anything_starts(string said, params string[] given)
    {
        foreach (var process in new[] { "api", "worker" })
        {
            var (exit, _, error) = await GoferProcess.RunAsync([process, "--postgres", "postgres://gofer@127.0.0.1:1/gofer"], given.Chunk(2).Select(g => (g[0], g[1])));
            Assert.NotEqual(0, exit);
            Assert.Contains(said, error, StringComparison.Ordinal);
            Assert.DoesNotContain("two words", error, StringComparison.Ordinal);
            Assert.DoesNotContain("user:word", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Doctor_asks_the_store_whether_it_lets_gofer_in()
    {
        Assert.Equal(("ok", $"The store at {_store.Options.Address} answers and takes the token."), await LookAsync(Settings));
        await File.WriteAllTextAsync(_tokenFile, "not-the-token", Ct);
        var (state, message) = await LookAsync(Settings);
        Assert.Equal(("problem", $"The store at {_store.Options.Address} refuses the token for SecretStore.List (Unauthenticated): is store.token right, and may it do that?"), (state, message));
        Assert.Equal("problem", (await LookAsync([.. Settings[..2], ("GOFER_STORE__ADDRESS", server.Url.ToString())])).State); // a server that is no store
        await _store.KillAsync();
        Assert.Contains("is away or not ready for SecretStore.List (Connection refused", (await LookAsync(Settings)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_the_machine_trusts_is_taken_and_no_other()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        await File.WriteAllTextAsync(_tokenFile, certificate.ExportCertificatePem(), Ct);
        await using var store = await BrokenStore.StartAsync(Ct, certificate);
        store.List = _ => Task.FromResult(new ListSecretsResponse());
        var address = $"https://localhost:{store.Options.Address.Port}/";
        (string, string)[] settings = [("GOFER_SECRETS__STORE", "grpc"), ("GOFER_STORE__ADDRESS", address)];
        Assert.Equal(("ok", $"The store at {address} answers and takes everybody's calls: no store.token is set."), await LookAsync([.. settings, ("SSL_CERT_FILE", _tokenFile)]));
        var (state, message) = await LookAsync(settings);
        Assert.Equal("problem", state);
        Assert.Contains("certificate", message, StringComparison.Ordinal);
    }

    private static async Task<byte[]> BytesAsync(GoferCluster cluster)
    {
        using var response = await cluster.Area.Http.GetAsync(new Uri("api/v1/namespaces/default/pipelines/p/objects/build", UriKind.Relative), Ct);
        return await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(Ct);
    }

    /// <summary>Returns once the run's task says that it waits for the store.</summary>
    private static async Task SaysWhyAsync(GoferCluster cluster, RunView run)
    {
        for (var patience = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(50, Ct))
        {
            var task = (await cluster.Area.TasksAsync(run))["t"];
            if (task.Message?.Contains("a store does not answer: The store at ", StringComparison.Ordinal) is true) return;
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), $"{task.State}: {task.Message}");
        }
    }

    private static async Task<(string State, string Message)> LookAsync((string, string)[] settings)
    {
        var said = await GoferProcess.RunAsync(["doctor", "-o", "json", "--scheduler", "process"], [.. settings, ("GOFER_SECRETS__KEYS", TestKeys.Text)]);
        using var json = JsonDocument.Parse(said.Out);
        var found = json.RootElement.EnumerateArray().Single(f => f.GetProperty("check").GetString() == "store");
        return (found.GetProperty("state").GetString()!, found.GetProperty("message").GetString()!);
    }
}
