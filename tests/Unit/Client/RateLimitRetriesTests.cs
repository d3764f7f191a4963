using System.Net;
using System.Net.Http.Headers;
using Gofer.Client;

namespace Gofer.Tests.Unit.Client;

/// <summary>How the client meets a server that puts it off.</summary>
public sealed class RateLimitRetriesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_that_was_put_off_is_sent_again_after_the_time_that_was_named()
    {
        var (answer, server) = await SendAsync(HttpMethod.Put, new StringContent("{}"), 1, 2);
        Assert.Equal(HttpStatusCode.OK, answer);
        Assert.Equal([TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)], server.Waits);
    }

    [Fact]
    public async Task After_five_times_the_refusal_is_the_answer()
    {
        var (answer, server) = await SendAsync(HttpMethod.Get, null, 1, 1, 1, 1, 1, 1, 1);
        Assert.Equal((HttpStatusCode.TooManyRequests, 5), (answer, server.Waits.Count));
    }

    [Fact]
    public async Task What_would_do_more_when_it_comes_twice_is_not_sent_again()
    {
        var (answer, server) = await SendAsync(HttpMethod.Post, new StringContent("{}"), 1);
        Assert.Equal((HttpStatusCode.TooManyRequests, 0), (answer, server.Waits.Count));
        var upload = new ByteArrayContent([1]) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        Assert.Equal(HttpStatusCode.TooManyRequests, (await SendAsync(HttpMethod.Put, upload, 1)).Answer);
    }

    [Fact]
    public async Task What_has_an_idempotency_key_is_sent_again() =>
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, new StringContent("{}"), ("Idempotency-Key", "k"), 1)).Answer);

    [Fact]
    public async Task Nobody_waits_a_minute_or_for_a_time_that_was_not_named()
    {
        Assert.Equal(HttpStatusCode.TooManyRequests, (await SendAsync(HttpMethod.Get, null, 60)).Answer);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await SendAsync(HttpMethod.Get, null, -1)).Answer);
    }

    private static Task<(HttpStatusCode Answer, Limiting Server)> SendAsync(HttpMethod method, HttpContent? content, params int[] waits) => SendAsync(method, content, null, waits);

    private static async Task<(HttpStatusCode Answer, Limiting Server)> SendAsync(HttpMethod method, HttpContent? content, (string Name, string Value)? header, params int[] waits)
    {
        using var server = new Limiting(waits);
        using var http = new HttpClient(new RateLimitRetries(server) { InnerHandler = server.Handler });
        using var request = new HttpRequestMessage(method, "http://127.0.0.1:1/") { Content = content };
        if (header is var (name, value)) request.Headers.Add(name, value);
        using var answer = await http.SendAsync(request, Ct);
        return (answer.StatusCode, server);
    }

    /// <summary>A server that puts off so many requests, each for so many seconds (-1: it does not say), and a clock whose waits are noted and over at once.</summary>
    private sealed class Limiting(int[] seconds) : TimeProvider, IDisposable
    {
        public List<TimeSpan> Waits { get; } = [];

        public HttpMessageHandler Handler { get; } = new Answers(seconds);

        public void Dispose() => Handler.Dispose();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits.Add(dueTime);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }

        private sealed class Answers(int[] seconds) : HttpMessageHandler
        {
            private int _sent;

            protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                // A body that could be sent only once would show here.
                if (request.Content is { } content) await content.CopyToAsync(Stream.Null, cancellationToken);
                if (_sent == seconds.Length) return new HttpResponseMessage(HttpStatusCode.OK);
                var wait = seconds[_sent++];
                var answer = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
                if (wait >= 0) answer.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(wait));
                return answer;
            }
        }
    }
}
