using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Gofer.Domain.Notifications;
using Gofer.Infrastructure.Notifications;
using Gofer.Infrastructure.Outbound;
using Gofer.Tests.Integration.Outbound;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Notifications;

/// <summary>One attempt of a delivery, against real servers of this machine.</summary>
public sealed class NotificationSenderTests : IAsyncLifetime
{
    private const string Hidden = "B0123456789abcdefghij";
    private const string Key = "correct horse battery";
    private static readonly DateTimeOffset s_now = new(2027, 3, 28, 1, 30, 0, TimeSpan.Zero);
    private Receiver _target = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _target = await Receiver.StartAsync();

    public ValueTask DisposeAsync() => _target.DisposeAsync();

    [Fact]
    public async Task A_delivery_is_the_body_as_it_is_with_its_headers_and_a_signature_that_others_compute()
    {
        using var sender = Local();
        var body = "{\"message\":\"übel\\n\"}"u8.ToArray();
        var delivery = To("/hook?a=b", body) with { Key = Key };
        var result = await sender.SendAsync(delivery, Ct);
        Assert.Equal(new DeliveryResult(DeliveryOutcome.Delivered, 200, "Answered 200."), result);

        var got = Assert.Single(_target.Got);
        Assert.Equal(("POST", "/hook?a=b"), (got.Method, got.Path));
        Assert.Equal(body, got.Body);
        Assert.Equal(("application/json", "gofer/1.2.3", "run.failed"), (got.Headers["Content-Type"], got.Headers["User-Agent"], got.Headers["Gofer-Event"]));
        Assert.Equal((delivery.Id.ToString(), delivery.Id.ToString()), (got.Headers["Gofer-Delivery"], got.Headers["Idempotency-Key"]));
        Assert.DoesNotContain("traceparent", got.Headers.Keys);
        var time = s_now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.ASCII.GetBytes(time + "."), .. got.Body];
        Assert.Equal($"t={time},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Key), signed))}", got.Headers["Gofer-Signature"]);

        await sender.SendAsync(To("/hook"), Ct);
        Assert.DoesNotContain("Gofer-Signature", _target.Got.Last().Headers.Keys);
    }

    [Fact]
    public async Task What_failed_and_then_is_taken_is_one_delivery_to_its_receiver()
    {
        _target.AnswerWith(500, 200);
        using var sender = Local();
        var delivery = To("/");
        Assert.Equal((DeliveryOutcome.Retry, 500), Short(await sender.SendAsync(delivery, Ct)));
        Assert.Equal((DeliveryOutcome.Delivered, 200), Short(await sender.SendAsync(delivery, Ct)));
        Assert.Single(_target.Got.Select(g => g.Headers["Idempotency-Key"]).Distinct());
    }

    [Theory]
    [InlineData(200, DeliveryOutcome.Delivered)]
    [InlineData(202, DeliveryOutcome.Delivered)]
    [InlineData(204, DeliveryOutcome.Delivered)]
    [InlineData(299, DeliveryOutcome.Delivered)]
    [InlineData(300, DeliveryOutcome.Failed)]
    [InlineData(304, DeliveryOutcome.Failed)]
    [InlineData(400, DeliveryOutcome.Failed)]
    [InlineData(401, DeliveryOutcome.Failed)]
    [InlineData(404, DeliveryOutcome.Failed)]
    [InlineData(408, DeliveryOutcome.Retry)]
    [InlineData(410, DeliveryOutcome.Failed)]
    [InlineData(413, DeliveryOutcome.Failed)]
    [InlineData(425, DeliveryOutcome.Retry)]
    [InlineData(429, DeliveryOutcome.Retry)]
    [InlineData(500, DeliveryOutcome.Retry)]
    [InlineData(503, DeliveryOutcome.Retry)]
    [InlineData(599, DeliveryOutcome.Retry)]
    public async Task An_answer_is_judged_by_its_status(int status, DeliveryOutcome outcome)
    {
        _target.AnswerWith(status);
        using var sender = Local();
        Assert.Equal((outcome, status), Short(await sender.SendAsync(To("/"), Ct)));
    }

    [Theory]
    [InlineData(429, "120", 120)]
    [InlineData(503, "Sun, 28 Mar 2027 01:31:40 GMT", 100)]
    [InlineData(429, "86400", 3600)]
    [InlineData(429, "Sun, 28 Mar 2027 01:00:00 GMT", null)]
    [InlineData(429, "0", null)]
    [InlineData(429, "soon", null)]
    [InlineData(429, null, null)]
    [InlineData(404, "120", null)]
    public async Task A_target_may_ask_for_a_longer_wait_of_at_most_an_hour(int status, string? said, int? seconds)
    {
        _target.Answer = context =>
        {
            context.Response.StatusCode = status;
            if (said is not null) context.Response.Headers.RetryAfter = said;
            return Task.CompletedTask;
        };
        using var sender = Local();
        Assert.Equal(seconds, (await sender.SendAsync(To("/"), Ct)).RetryAfter?.TotalSeconds);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/else?token=1#a", " and points to http://127.0.0.1:{0}/else; ")]
    [InlineData("/else?token=1", " and points to http://127.0.0.1:{1}/else; ")]
    [InlineData("https://user:pass@hooks.example/else", " and points to https://hooks.example/else; ")]
    [InlineData("https://hooks.example/a\u0007", "; redirects")]
    [InlineData("", "; redirects")]
    public async Task A_redirect_is_not_followed_and_said_without_its_query(string location, string said)
    {
        await using var other = await Receiver.StartAsync();
        string Filled(string text) => string.Format(CultureInfo.InvariantCulture, text, other.Port, _target.Port);
        _target.Answer = context =>
        {
            context.Response.StatusCode = 307;
            if (!location.Contains('\u0007', StringComparison.Ordinal)) context.Response.Headers.Location = Filled(location);
            return context.Response.WriteAsync($"<a href='{Filled(location)}'>");
        };
        using var sender = new NotificationSender(AllowedHosts.Parse("127.0.0.1, hooks.example").Value, "1", TimeProvider.System, resolve: Resolve("127.0.0.1"));
        var result = await sender.SendAsync(To("/"), Ct);
        Assert.Equal((DeliveryOutcome.Failed, 307), Short(result));
        Assert.StartsWith($"Answered 307{Filled(said)}", result.Message, StringComparison.Ordinal);
        Assert.Contains("redirects are not followed", result.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("token", result.Message, StringComparison.Ordinal);
        Assert.Equal((0, 1), (other.Connections, _target.Got.Count));
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/", null)]
    [InlineData("http://localhost:{0}/", null)]
    [InlineData("http://[::1]:{0}/", null)]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/", null)]
    [InlineData("http://2130706433:{0}/", null)]
    [InlineData("http://10.1.2.3:{0}/", null)]
    [InlineData("http://169.254.169.254/latest/meta-data/", null)]
    [InlineData("http://hooks.example:{0}/", "127.0.0.1")]
    [InlineData("http://hooks.example:{0}/", "10.1.2.3")]
    [InlineData("http://hooks.example:{0}/", "169.254.169.254")]
    [InlineData("http://hooks.example:{0}/", "::1")]
    [InlineData("http://hooks.example:{0}/", "93.184.216.34,127.0.0.1")]
    public async Task What_is_private_is_refused_for_good_and_nothing_sent(string url, string? leads)
    {
        await using var listener = new RawListener();
        using var sender = new NotificationSender(AllowedHosts.None, "1", TimeProvider.System, resolve: leads is null ? null : Resolve(leads.Split(',')));
        var result = await sender.SendAsync(To("/") with { Url = string.Format(CultureInfo.InvariantCulture, url, listener.Port) }, Ct);
        Assert.Equal((DeliveryOutcome.Refused, null), Short(result));
        Assert.Contains("outbound.allow", result.Message, StringComparison.Ordinal);
        Assert.Equal((0, ""), (listener.Connections, listener.Received));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not an address")]
    [InlineData("ftp://127.0.0.1/")]
    [InlineData("http://user:" + Hidden + "@127.0.0.1/")]
    [InlineData("http://127.0.0.1/" + Hidden + "\r\nHost: a")]
    public async Task A_secret_that_is_no_address_is_refused_and_not_said(string url)
    {
        using var sender = Local();
        var result = await sender.SendAsync(To("/") with { Url = url, HidesUrl = true }, Ct);
        Assert.Equal(DeliveryOutcome.Refused, result.Outcome);
        Assert.DoesNotContain(Hidden, result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_takes_no_connection_or_has_no_name_is_tried_again()
    {
        using var sender = Local();
        var down = To("/");
        await _target.DisposeAsync();
        Assert.Equal(new DeliveryResult(DeliveryOutcome.Retry, null, "127.0.0.1 takes no connection: ConnectionRefused."), await sender.SendAsync(down, Ct));
        using var lost = new NotificationSender(AllowedHosts.None, "1", TimeProvider.System, resolve: (_, _) => throw new SocketException((int)SocketError.HostNotFound));
        Assert.Equal(new DeliveryResult(DeliveryOutcome.Retry, null, "hooks.example is no name that is known."), await lost.SendAsync(down with { Url = "https://hooks.example/" }, Ct));
    }

    [Fact]
    public async Task Who_has_no_certificate_that_is_trusted_or_speaks_no_tls_gets_nothing_and_is_tried_again()
    {
        await using var secure = await Receiver.StartAsync(isSecure: true);
        using var sender = Local();
        foreach (var port in new[] { secure.Port, _target.Port })
        {
            var result = await sender.SendAsync(To("/") with { Url = $"https://127.0.0.1:{port}/" }, Ct);
            Assert.Equal(new DeliveryResult(DeliveryOutcome.Retry, null, "127.0.0.1 has no certificate that is trusted here, or speaks no TLS."), result);
        }

        Assert.Empty(secure.Got);
        Assert.Equal((DeliveryOutcome.Retry, null), Short(await sender.SendAsync(To("/") with { Url = $"http://127.0.0.1:{secure.Port}/" }, Ct)));
    }

    [Fact]
    public async Task Who_never_answers_is_given_up_in_time()
    {
        var (asked, over) = (new TaskCompletionSource(), new TaskCompletionSource());
        _target.Answer = async context =>
        {
            asked.SetResult();
            context.RequestAborted.Register(over.SetResult);
            await over.Task;
        };
        using var sender = Local(TimeSpan.FromSeconds(1));
        var watch = Stopwatch.StartNew();
        var result = await sender.SendAsync(To("/"), Ct);
        Assert.Equal(new DeliveryResult(DeliveryOutcome.Retry, null, "127.0.0.1 did not answer within 1 s."), result);
        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(5));
        Assert.True(asked.Task.IsCompleted);
        await over.Task.WaitAsync(TimeSpan.FromSeconds(10), Ct); // the connection is closed, not left behind
    }

    [Fact]
    public async Task An_answer_without_end_is_read_as_far_as_it_is_kept_and_its_status_counts()
    {
        var over = new TaskCompletionSource();
        _target.Answer = async context =>
        {
            context.Features.Get<IHttpResponseBodyFeature>()!.DisableBuffering();
            try
            {
                while (!context.RequestAborted.IsCancellationRequested) await context.Response.WriteAsync(new string('x', 1000), context.RequestAborted);
            }
            catch (OperationCanceledException)
            {
                // the other end has had enough
            }

            over.SetResult();
        };
        using var sender = Local();
        var result = await sender.SendAsync(To("/"), Ct);
        Assert.Equal((DeliveryOutcome.Delivered, 200), Short(result));
        Assert.Equal($"Answered 200: {new string('x', NotificationSender.KeptCharacters)}…", result.Message);
        await over.Task.WaitAsync(TimeSpan.FromSeconds(10), Ct);
    }

    /// <summary>Trying again would tell it twice.</summary>
    [Fact]
    public async Task Who_says_yes_and_then_stands_still_or_breaks_off_has_had_it()
    {
        using var sender = Local(TimeSpan.FromSeconds(1));
        _target.Answer = async context =>
        {
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("taken");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        Assert.Equal(new DeliveryResult(DeliveryOutcome.Delivered, 200, "Answered 200: taken"), await sender.SendAsync(To("/"), Ct));

        await using var broken = new RawListener { Answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntaken\r\nno chunk\r\n" };
        var delivery = To("/", "{}\r\n\r\n"u8.ToArray()) with { Url = $"http://127.0.0.1:{broken.Port}/" };
        Assert.Equal((DeliveryOutcome.Delivered, 200), Short(await sender.SendAsync(delivery, Ct)));
    }

    [Fact]
    public async Task What_is_kept_of_an_answer_is_one_line_without_what_a_terminal_obeys()
    {
        _target.Answer = context =>
        {
            context.Response.StatusCode = 400;
            return context.Response.Body.WriteAsync("\u001b[31mno\r\n\n \u202espam\u2028\0 \u00a0übel "u8.ToArray().Append((byte)0xff).ToArray()).AsTask();
        };
        using var sender = Local();
        Assert.Equal("Answered 400: [31mno spam übel \ufffd", (await sender.SendAsync(To("/"), Ct)).Message);
    }

    [Fact]
    public async Task An_answer_that_repeats_a_secret_address_or_the_key_is_kept_without_them()
    {
        _target.Answer = context =>
        {
            context.Response.StatusCode = 404;
            var path = context.Request.Path + context.Request.QueryString;
            return context.Response.WriteAsync($"{path} at http://{context.Request.Host}{path}, or {Hidden}, was not found. Sign with {Key}. {Uri.EscapeDataString(path)}");
        };
        using var sender = Local();
        var result = await sender.SendAsync(To($"/services/{Hidden}/x?{Hidden}=1") with { HidesUrl = true, Key = Key }, Ct);
        Assert.Equal("Answered 404: *** at ***, or ***, was not found. Sign with ***. ***", result.Message);

        _target.Answer = context =>
        {
            context.Response.Redirect($"https://hooks.example/services/{Hidden}/x");
            return Task.CompletedTask;
        };
        Assert.Contains(" and points to https://hooks.example; ", (await sender.SendAsync(To($"/services/{Hidden}/x") with { HidesUrl = true }, Ct)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_is_no_result()
    {
        using var stop = new CancellationTokenSource();
        _target.Answer = context =>
        {
            stop.Cancel();
            return Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        using var sender = Local();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sender.SendAsync(To("/"), stop.Token));
    }

    [Fact]
    public async Task Whatever_the_address_it_is_a_result_and_never_an_exception()
    {
        using var sender = new NotificationSender(AllowedHosts.None, "1", TimeProvider.System, resolve: (_, _) => throw new SocketException((int)SocketError.HostNotFound));
        var hosts = Gen.String[Gen.Char["aé.-_xn%[]:@0\\/?#ß\u3002\u0301\ud800"], 0, 12];
        await Gen.Select(Gen.OneOf("http://", "https://", "HTTP:", "http:/", "http://xn--"), hosts).SampleAsync(async (scheme, rest) =>
        {
            var result = await sender.SendAsync(To("/") with { Url = scheme + rest }, Ct);
            return result.Outcome is DeliveryOutcome.Refused or DeliveryOutcome.Retry;
        }, iter: 300);
    }

    [Theory]
    [InlineData("127.0.0.1", DeliveryOutcome.Delivered)]
    [InlineData("", DeliveryOutcome.Refused)]
    public async Task The_sender_of_a_host_goes_by_its_setting(string allowed, DeliveryOutcome outcome)
    {
        var settings = new ConfigurationBuilder().AddInMemoryCollection([new("Gofer:Outbound:Allow", allowed)]).Build();
        await using var provider = new ServiceCollection().AddSingleton<IConfiguration>(settings).AddSingleton(TimeProvider.System)
            .AddGoferOutbound().AddGoferNotifications("1.2.3").BuildServiceProvider();
        Assert.Equal(outcome, (await provider.GetRequiredService<NotificationSender>().SendAsync(To("/"), Ct)).Outcome);
        Assert.Equal(outcome == DeliveryOutcome.Delivered ? 1 : 0, _target.Connections);
    }

    [Fact]
    public void A_delivery_in_a_log_is_its_event_and_id() =>
        Assert.DoesNotContain(Hidden, (To($"/{Hidden}") with { Key = Hidden }).ToString(), StringComparison.Ordinal);

    private static NotificationSender Local(TimeSpan? timeout = null) => new(AllowedHosts.Parse("127.0.0.1").Value, "1.2.3", new StandingClock(), timeout);

    private static Func<string, CancellationToken, Task<IPAddress[]>> Resolve(params string[] addresses) => (_, _) => Task.FromResult(addresses.Select(IPAddress.Parse).ToArray());

    private static (DeliveryOutcome Outcome, int? Status) Short(DeliveryResult result) => (result.Outcome, result.Status);

    private Delivery To(string path, byte[]? body = null) => new()
    {
        Id = Guid.Parse("01990000-0000-7000-8000-000000000001"),
        Event = "run.failed",
        Url = $"http://127.0.0.1:{_target.Port}{path}",
        Body = body ?? "{}"u8.ToArray(),
    };

    private sealed class StandingClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => s_now;
    }
}
