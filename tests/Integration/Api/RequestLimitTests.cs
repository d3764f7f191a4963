using System.Net.Sockets;
using System.Text;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Api;

/// <summary>
/// Each limit of a request, from just below it to just above, over a socket of the test's own. What the server refuses before any of our code sees it is
/// answered with its status alone.
/// </summary>
public sealed class RequestLimitTests(GoferServer server)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(8 * 1024, "200")]
    [InlineData((8 * 1024) + 1, "414")]
    public async Task A_request_line_of_8_KiB_is_read_and_a_longer_one_is_not(int length, string status)
    {
        // The limit counts the line with its end.
        const string Rest = "GET /healthz? HTTP/1.1\r\n";
        Assert.StartsWith($"HTTP/1.1 {status} ", await AnswerAsync($"GET /healthz?{new string('x', length - Rest.Length)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100, "200")]
    [InlineData(101, "431")]
    public async Task A_hundred_headers_are_read_and_one_more_is_not(int count, string status)
    {
        var headers = string.Concat(Enumerable.Range(0, count - 2).Select(i => $"X-{i}: y\r\n"));
        Assert.StartsWith($"HTTP/1.1 {status} ", await AnswerAsync($"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(16 * 1024, "200")]
    [InlineData((16 * 1024) + 1, "431")]
    public async Task Headers_of_16_KiB_are_read_and_more_are_not(int size, string status)
    {
        const string Others = "Host: localhost\r\nConnection: close\r\nX: \r\n";
        Assert.StartsWith($"HTTP/1.1 {status} ", await AnswerAsync($"GET /healthz HTTP/1.1\r\n{Others[..^2]}{new string('y', size - Others.Length)}\r\n\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(32, false)]
    [InlineData(33, true)]
    public async Task JSON_of_32_levels_is_read_and_a_deeper_one_is_not(int depth, bool isTooDeep)
    {
        using var area = await server.AreaAsync();
        var body = string.Concat(Enumerable.Repeat("{\"a\":", depth - 1)) + "{}" + new string('}', depth - 1);
        var answer = await area.SendAsync(HttpMethod.Put, "pipelines/p", body);
        Assert.Equal(isTooDeep ? "malformed_request" : "validation_failed", answer.Code);
        if (isTooDeep) Assert.Contains("32", answer.Json.GetProperty("title").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1_048_576, "malformed_request")]
    [InlineData(1_048_577, "payload_too_large")]
    public async Task A_body_of_1_MiB_is_read_and_a_larger_one_is_not(int size, string code)
    {
        using var area = await server.AreaAsync();
        Assert.Equal(code, (await area.SendAsync(HttpMethod.Put, "pipelines/p", new string('x', size))).Code);
    }

    [Fact]
    public async Task A_body_that_stands_still_is_given_up_with_a_problem()
    {
        var answer = await AnswerAsync("PUT /api/v1/namespaces/default/pipelines/p HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{");
        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"request_timeout\"", answer, StringComparison.Ordinal);
        Assert.Contains("X-Content-Type-Options: nosniff", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_that_come_drop_by_drop_are_given_up() => Assert.StartsWith(
        "HTTP/1.1 408 ", await AnswerAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow"), StringComparison.Ordinal);

    [Theory]
    [InlineData("GET /healthz HTTP/1.1\r\n\r\n")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\nY: b\0\r\n\r\n")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX : a\r\n\r\n")]
    [InlineData("POST /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
    public async Task A_request_that_two_servers_could_read_in_two_ways_is_bad(string request) =>
        Assert.StartsWith("HTTP/1.1 400 ", await AnswerAsync(request), StringComparison.Ordinal);

    /// <summary>All that the server sends until it closes, in answer to these bytes and no more.</summary>
    private async Task<string> AnswerAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Url.Host, server.Url.Port, Ct);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), Ct);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync(limit.Token);
    }
}
