using System.Net;
using Gofer.Client;
using Refit;

namespace Gofer.Tests.Unit.Client;

/// <summary>How a follower meets a server that closes, fails and comes back.</summary>
public sealed class GoferStreamsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stream_that_closes_before_its_end_goes_on_after_its_last_event()
    {
        using var server = new Script(Events(1), Events(2, 3), HttpStatusCode.ServiceUnavailable, Events(4) + "event: end\ndata: {}\n\n");
        Assert.Equal([1, 2, 3, 4], await FollowAsync(server));
        Assert.Equal([null, "1", "3", "3"], server.Resumed);
        Assert.Equal(3, server.Pauses.Count);
    }

    [Fact]
    public async Task A_server_that_closes_again_and_again_is_given_up_after_pauses_that_grow()
    {
        using var server = new Script("");
        await Assert.ThrowsAsync<HttpRequestException>(() => FollowAsync(server));
        Assert.Equal(6, server.Resumed.Count);
        Assert.Equal([400, 800, 1600, 3200, 5000], server.Pauses.Select(p => p.TotalMilliseconds));
    }

    [Fact]
    public async Task Whatever_comes_makes_it_patient_again()
    {
        using var server = new Script([.. Enumerable.Range(1, 20).SelectMany(n => new Step[] { "", Events(n), "" }), "event: end\ndata: {}\n\n"]);
        Assert.Equal(Enumerable.Range(1, 20), await FollowAsync(server));
    }

    [Fact]
    public async Task A_refusal_is_no_broken_connection()
    {
        using var server = new Script(HttpStatusCode.NotFound);
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAnyAsync<ApiException>(() => FollowAsync(server))).StatusCode);
        Assert.Single(server.Resumed);
    }

    private static string Events(params int[] numbers) => string.Concat(numbers.Select(n => $"event: run.created\nid: {n}\ndata: {{\"seq\":{n}}}\n\n"));

    private static async Task<List<int>> FollowAsync(Script server)
    {
        using var http = new HttpClient(server, disposeHandler: false) { BaseAddress = new Uri("http://127.0.0.1:1") };
        var seen = new List<int>();
        await foreach (var e in new GoferStreams(http, server.Clock).EventsAsync("n", "p", "1", Ct)) seen.Add((int)e.Seq);
        return seen;
    }

    /// <summary>What the server answers to one connection.</summary>
    private sealed record Step(HttpStatusCode Status, string Text)
    {
        public static implicit operator Step(string text) => new(HttpStatusCode.OK, text);

        public static implicit operator Step(HttpStatusCode status) => new(status, "");
    }

    /// <summary>A server that answers step by step, the last step for ever, and a clock whose waits are noted and over at once.</summary>
    private sealed class Script(params Step[] steps) : HttpMessageHandler
    {
        private readonly Hurry _clock = new();

        public List<string?> Resumed { get; } = [];

        public TimeProvider Clock => _clock;

        public List<TimeSpan> Pauses => _clock.Waits;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Resumed.Add(request.Headers.TryGetValues("Last-Event-ID", out var ids) ? ids.Single() : null);
            var step = steps[Math.Min(Resumed.Count, steps.Length) - 1];
            return Task.FromResult(new HttpResponseMessage(step.Status) { Content = new StringContent(step.Text) });
        }
    }

    private sealed class Hurry : TimeProvider
    {
        public List<TimeSpan> Waits { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits.Add(dueTime);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
