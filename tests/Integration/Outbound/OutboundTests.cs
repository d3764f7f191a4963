using System.Net;
using System.Net.Sockets;
using System.Text;
using Gofer.Infrastructure.Outbound;
using Gofer.Tests.Integration.Serving;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Outbound;

/// <summary>Calls to what users name, against real listeners of this machine, which is not in the public internet.</summary>
public sealed class OutboundTests : IAsyncDisposable
{
    private const string Hidden = "s3cret-path";
    private readonly RawListener _listener = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("[::1]")]
    [InlineData("2130706433")]
    [InlineData("0x7f.1")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("169.254.169.254")]
    public async Task What_is_not_public_is_refused_and_no_connection_made(string host)
    {
        using var http = new OutboundHttp(AllowedHosts.None);
        var refused = await RefusedAsync(http, $"http://{host}:{_listener.Port}/{Hidden}?key={Hidden}");
        Assert.True(refused.IsRefused);
        Assert.Contains("outbound.allow", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, _listener.Connections);
    }

    [Fact]
    public async Task What_the_operator_allows_is_called()
    {
        _listener.Answer = "HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello";
        using var byNetwork = new OutboundHttp(AllowedHosts.Parse("127.0.0.0/8").Value);
        var answer = await GetAsync(byNetwork, $"http://127.0.0.1:{_listener.Port}/{Hidden}");
        Assert.Equal((201, "hello", false), (answer.Status, Encoding.ASCII.GetString(answer.Body.Span), answer.IsCut));
        using var byName = new OutboundHttp(AllowedHosts.Parse("hooks.internal").Value, resolve: To("127.0.0.1"));
        Assert.Equal(201, (await GetAsync(byName, $"http://hooks.internal:{_listener.Port}/")).Status);
        await RefusedAsync(byName, $"http://other.internal:{_listener.Port}/");
        Assert.DoesNotContain("traceparent", _listener.Received, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_setting_is_what_the_server_s_own_client_goes_by()
    {
        await using var server = new GoferServer { Works = false, Settings = { ["Gofer:Outbound:Allow"] = "127.0.0.1" } };
        await server.InitializeAsync();
        _listener.Answer = "HTTP/1.1 204 No Content\r\n\r\n";
        Assert.Equal(204, (await GetAsync(server.Host.Services.GetRequiredService<OutboundHttp>(), $"http://127.0.0.1:{_listener.Port}/")).Status);
    }

    /// <summary>DNS rebinding: a name that is public when it is looked at and private when it is called is asked once, and called where it led.</summary>
    [Fact]
    public async Task A_name_is_resolved_once_and_one_private_address_among_several_refuses_all()
    {
        var asked = 0;
        using var turning = new OutboundHttp(
            AllowedHosts.Parse("127.0.0.1").Value,
            resolve: (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(++asked == 1 ? "127.0.0.1" : "127.0.0.2")]));
        _listener.Answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        Assert.Equal(200, (await GetAsync(turning, $"http://turning.example:{_listener.Port}/")).Status);
        Assert.Equal((1, 1), (asked, _listener.Connections));
        await RefusedAsync(turning, $"http://turning.example:{_listener.Port}/"); // for the next call it is judged again
        Assert.Equal((2, 1), (asked, _listener.Connections));

        using var mixed = new OutboundHttp(AllowedHosts.None, resolve: To("93.184.216.34", "127.0.0.1"));
        Assert.True((await RefusedAsync(mixed, $"http://mixed.example:{_listener.Port}/")).IsRefused);
        Assert.Equal(1, _listener.Connections);
    }

    [Fact]
    public async Task A_redirect_is_an_answer_and_not_followed_and_no_cookie_is_kept()
    {
        await using var target = new RawListener();
        _listener.Answer = $"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{target.Port}/\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n";
        using var http = Local();
        for (var i = 0; i < 2; i++) Assert.Equal(302, (await GetAsync(http, $"http://127.0.0.1:{_listener.Port}/")).Status);
        Assert.Equal(0, target.Connections);
        Assert.DoesNotContain("Cookie", _listener.Received, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_large_body_is_cut_and_one_that_stands_still_is_ended()
    {
        using var http = Local(new OutboundLimits { Body = 1000, Total = TimeSpan.FromSeconds(1) });
        _listener.Answer = $"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n{new string('x', 5000)}";
        var cut = await GetAsync(http, $"http://127.0.0.1:{_listener.Port}/");
        Assert.Equal((200, 1000, true), (cut.Status, cut.Body.Length, cut.IsCut));
        _listener.Answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
        Assert.Contains("did not answer within 1 s", (await RefusedAsync(http, $"http://127.0.0.1:{_listener.Port}/{Hidden}")).Message, StringComparison.Ordinal);
        _listener.Answer = $"HTTP/1.1 200 OK\r\nX-Long: {new string('x', 40_000)}\r\n\r\n";
        Assert.Contains("32 KiB of headers", (await RefusedAsync(http, $"http://127.0.0.1:{_listener.Port}/{Hidden}")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://hooks.example/", "http://")]
    [InlineData("file:///etc/passwd", "http://")]
    [InlineData("gopher://127.0.0.1/", "http://")]
    [InlineData("http://user:s3cret-path@hooks.example/", "user or a password")]
    public async Task Other_schemes_and_passwords_in_addresses_are_refused(string url, string said)
    {
        using var http = Local();
        var refused = await RefusedAsync(http, url);
        Assert.True(refused.IsRefused);
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_goes_wrong_is_said_with_the_host_and_without_the_address()
    {
        using var http = Local();
        var port = _listener.Port;
        await _listener.DisposeAsync();
        Assert.Equal("127.0.0.1 takes no connection: ConnectionRefused.", (await RefusedAsync(http, $"http://127.0.0.1:{port}/{Hidden}?token={Hidden}")).Message);
        using var nowhere = new OutboundHttp(AllowedHosts.None, resolve: (_, _) => throw new SocketException((int)SocketError.HostNotFound));
        Assert.Equal("nowhere.example is no name that is known.", (await RefusedAsync(nowhere, $"https://nowhere.example/{Hidden}")).Message);
    }

    [Fact]
    public async Task The_proxy_of_the_environment_is_not_asked()
    {
        // .NET reads the environment once, so another process would be needed to set it: what is set here is the default proxy that it would have made.
        var before = HttpClient.DefaultProxy;
        await using var proxy = new RawListener();
        HttpClient.DefaultProxy = new WebProxy("127.0.0.1", proxy.Port);
        try
        {
            _listener.Answer = "HTTP/1.1 204 No Content\r\n\r\n";
            using var http = new OutboundHttp(AllowedHosts.Parse("hooks.internal").Value, resolve: To("127.0.0.1"));
            Assert.Equal(204, (await GetAsync(http, $"http://hooks.internal:{_listener.Port}/")).Status);
            Assert.Equal(0, proxy.Connections);
        }
        finally
        {
            HttpClient.DefaultProxy = before;
        }
    }

    private static OutboundHttp Local(OutboundLimits? limits = null) => new(AllowedHosts.Parse("127.0.0.1").Value, limits);

    private static Func<string, CancellationToken, Task<IPAddress[]>> To(params string[] addresses) => (_, _) => Task.FromResult(addresses.Select(IPAddress.Parse).ToArray());

    private static async Task<OutboundAnswer> GetAsync(OutboundHttp http, string url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        return await http.SendAsync(request, Ct);
    }

    private static async Task<OutboundException> RefusedAsync(OutboundHttp http, string url)
    {
        var refused = await Assert.ThrowsAsync<OutboundException>(() => GetAsync(http, url));
        Assert.DoesNotContain(Hidden, refused.ToString(), StringComparison.Ordinal);
        return refused;
    }
}
