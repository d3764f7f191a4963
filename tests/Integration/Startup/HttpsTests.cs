using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Gofer.Cli.Hosting;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Postgres;

namespace Gofer.Tests.Integration.Startup;

/// <summary>HTTPS with certificates of an authority that the test made: served, changed while it is, refused where it cannot be.</summary>
public sealed class HttpsTests : IDisposable
{
    private readonly string _room = Directory.CreateTempSubdirectory("gofer-https-").FullName;
    private readonly TestAuthority _authority = new();

    private string Path => System.IO.Path.Combine(_room, "tls.crt");

    private string KeyPath => System.IO.Path.Combine(_room, "tls.key");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_room, recursive: true);
    }

    [Fact]
    public async Task Api_and_commands_speak_HTTPS_with_a_certificate_of_an_authority_of_ones_own()
    {
        var authority = System.IO.Path.Combine(_room, "ca.crt");
        await File.WriteAllTextAsync(authority, _authority.Pem, Ct);
        Put(_authority.Issue());
        await using var database = await MigratedDatabase.CreateAsync(Ct);
        await using var api = GoferProcess.Start(
            ["api", "--listen", "127.0.0.1:0", "--postgres", database.ConnectionString], [("GOFER_API__CERTIFICATE_PATH", Path), ("GOFER_API__CERTIFICATE_KEY_PATH", KeyPath)]);
        var url = new Uri((await api.SaysAsync("Gofer answers at https://")).Split(' ')[^1]);

        (string, string)[] trusting = [("GOFER_SERVER", url.ToString()), ("SSL_CERT_FILE", authority)];
        var listed = await GoferProcess.RunAsync(["namespace", "list", "-o", "name"], trusting);
        Assert.True((listed.Exit, listed.Out) == (0, "default\n"), listed.Error);
        var examined = await GoferProcess.RunAsync(["doctor", "-o", "jsonl"], trusting);
        Assert.Contains("\"check\":\"server\",\"state\":\"ok\"", examined.Out, StringComparison.Ordinal);
        foreach (var command in new[] { "namespace list", "doctor" })
        {
            var distrusted = await GoferProcess.RunAsync(command.Split(' '), [("GOFER_SERVER", url.ToString())]);
            Assert.NotEqual(0, distrusted.Exit);
            Assert.Contains("remote certificate is invalid", distrusted.Error + distrusted.Out, StringComparison.Ordinal);
            Assert.Contains("SSL_CERT_FILE", distrusted.Error + distrusted.Out, StringComparison.Ordinal);
        }

        using var http = Trusting();
        using var asked = new HttpRequestMessage(HttpMethod.Get, new Uri(url, "/healthz"));
        asked.Headers.Host = "gofer.example";
        using var response = await http.SendAsync(asked, Ct);
        Assert.Equal((HttpStatusCode.Forbidden, "max-age=31536000"), (response.StatusCode, response.Headers.GetValues("Strict-Transport-Security").Single())); // without tokens only this machine's names are answered
        asked.Dispose();
        Assert.Equal((HttpVersion.Version11, HttpStatusCode.OK), await StatusAsync(http, url));
        Assert.Equal(SslProtocols.Tls12, (await HandshakeAsync(url, SslProtocols.Tls12)).Protocol);
        Assert.Equal(SslProtocols.Tls13, (await HandshakeAsync(url, SslProtocols.Tls12 | SslProtocols.Tls13)).Protocol);
        using var plain = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => plain.GetAsync(new UriBuilder(url) { Scheme = "http" }.Uri, Ct));
    }

    [Fact]
    public async Task A_new_certificate_is_served_without_a_restart_and_one_that_cannot_be_leaves_the_old_one()
    {
        Put(_authority.Issue());
        var clock = new StepClock();
        await using var server = new GoferServer { Works = false, Certificate = ServerCertificate.Open(Path, KeyPath, clock).Value };
        await server.InitializeAsync();
        var first = await SerialAsync(server.Url);

        var second = _authority.Issue();
        Put(second);
        Assert.Equal(first, await SerialAsync(server.Url)); // not looked at again yet
        clock.Step();
        Assert.Equal(second.Serial, await SerialAsync(server.Url));

        Issued[] broken = [_authority.Issue() with { Key = second.Key }, new("", "", ""), _authority.Issue(TimeSpan.FromDays(-1))]; // the first as in the middle of a change
        foreach (var issued in broken)
        {
            Put(issued);
            clock.Step();
            Assert.Equal(second.Serial, await SerialAsync(server.Url));
        }

        File.Delete(KeyPath);
        clock.Step();
        Assert.Equal(second.Serial, await SerialAsync(server.Url));
        var third = _authority.Issue();
        Put(third);
        clock.Step();
        Assert.Equal(third.Serial, await SerialAsync(server.Url));
    }

    /// <summary>As Kubernetes does: the files are links through a link, and that alone is swapped.</summary>
    [Fact]
    public async Task A_link_that_leads_elsewhere_is_a_new_certificate()
    {
        var (first, second) = (_authority.Issue(), _authority.Issue());
        foreach (var (folder, issued) in new[] { ("one", first), ("two", second) })
        {
            var inner = Directory.CreateDirectory(System.IO.Path.Combine(_room, folder)).FullName;
            await File.WriteAllTextAsync(System.IO.Path.Combine(inner, "tls.crt"), issued.Certificate, Ct);
            await File.WriteAllTextAsync(System.IO.Path.Combine(inner, "tls.key"), issued.Key, Ct);
        }

        var link = System.IO.Path.Combine(_room, "data");
        Directory.CreateSymbolicLink(link, "one");
        File.CreateSymbolicLink(Path, "data/tls.crt");
        File.CreateSymbolicLink(KeyPath, "data/tls.key");
        var clock = new StepClock();
        await using var server = new GoferServer { Works = false, Certificate = ServerCertificate.Open(Path, KeyPath, clock).Value };
        await server.InitializeAsync();
        Assert.Equal(first.Serial, await SerialAsync(server.Url));
        Directory.Delete(link);
        Directory.CreateSymbolicLink(link, "two");
        clock.Step();
        Assert.Equal(second.Serial, await SerialAsync(server.Url));
    }

    [Fact]
    public async Task The_certificates_between_are_sent_too()
    {
        var issued = _authority.IssueBelow(out var between);
        Put(issued with { Certificate = issued.Certificate + "\n" + between });
        await using var server = new GoferServer { Works = false, Certificate = ServerCertificate.Open(Path, KeyPath, TimeProvider.System).Value };
        await server.InitializeAsync();
        using var http = Trusting();
        Assert.Equal((HttpVersion.Version11, HttpStatusCode.OK), await StatusAsync(http, server.Url));
    }

    [Theory]
    [InlineData("one of the two", "api.certificate_path and api.certificate_key_path go together")]
    [InlineData("no file", "api.certificate_path is")]
    [InlineData("no key", "api.certificate_key_path is")]
    [InlineData("another key", "is not that of the certificate in")]
    [InlineData("expired", "expired at")]
    [InlineData("not yet", "is valid from")]
    [InlineData("no certificate", "holds no certificate in PEM")]
    [InlineData("cut off", "cannot be used: ")]
    [InlineData("a key with a password", "is behind a password")]
    [InlineData("a certificate as key", "holds no private key in PEM")]
    public async Task What_cannot_be_served_stops_the_start_with_a_sentence(string wrong, string said)
    {
        var good = _authority.Issue();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Put(wrong switch
        {
            "another key" => good with { Key = _authority.Issue().Key },
            "expired" => _authority.Issue(TimeSpan.FromDays(-1)),
            "not yet" => _authority.Issue(TimeSpan.FromDays(9), TimeSpan.FromDays(3)),
            "no certificate" => good with { Certificate = good.Key },
            "cut off" => good with { Certificate = good.Certificate.Replace(good.Certificate.Split('\n')[2], "AAAA", StringComparison.Ordinal) },
            "a key with a password" => good with { Key = key.ExportEncryptedPkcs8PrivateKeyPem("correct horse", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)) },
            "a certificate as key" => good with { Key = good.Certificate },
            _ => good,
        });
        if (wrong == "no file") File.Delete(Path);
        if (wrong == "no key") File.Delete(KeyPath);
        (string, string)[] settings = [("GOFER_API__CERTIFICATE_PATH", Path), ("GOFER_API__CERTIFICATE_KEY_PATH", wrong == "one of the two" ? "" : KeyPath)];
        var (exit, _, error) = await GoferProcess.RunAsync(["api", "--listen", "127.0.0.1:0", "--postgres", "Host=127.0.0.1;Port=1;Database=none;Username=u;Password=p"], settings);
        Assert.Equal(1, exit);
        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.DoesNotContain(good.Key.Split('\n')[1], error, StringComparison.Ordinal);
    }

    private void Put(Issued issued)
    {
        File.WriteAllText(Path, issued.Certificate);
        File.WriteAllText(KeyPath, issued.Key);
    }

    private HttpClient Trusting() => new(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", CertificateChainPolicy = _authority.Policy() } });

    private static async Task<(Version, HttpStatusCode)> StatusAsync(HttpClient http, Uri url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, "/healthz")) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        using var response = await http.SendAsync(request, Ct);
        return (response.Version, response.StatusCode);
    }

    private async Task<string> SerialAsync(Uri url) => (await HandshakeAsync(url, SslProtocols.None)).Serial;

    private async Task<(SslProtocols Protocol, string Serial)> HandshakeAsync(Uri url, SslProtocols protocols)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(url.Host, url.Port, Ct);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", EnabledSslProtocols = protocols, CertificateChainPolicy = _authority.Policy() }, Ct);
        using var certificate = new X509Certificate2(tls.RemoteCertificate!);
        return (tls.SslProtocol, certificate.SerialNumber);
    }

    /// <summary>Stands still until it is told that the certificate may be looked at again.</summary>
    private sealed class StepClock : TimeProvider
    {
        private long _seconds;

        public void Step() => Interlocked.Add(ref _seconds, 11);

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromSeconds(Interlocked.Read(ref _seconds));
    }
}
