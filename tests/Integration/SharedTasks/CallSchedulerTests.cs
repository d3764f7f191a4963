using System.Net;
using System.Text;
using Gofer.Application.Logs;
using Gofer.Application.Schedulers;
using Gofer.Domain.Runs;
using Gofer.Domain.SharedTasks;
using Gofer.Infrastructure.Outbound;
using Gofer.Infrastructure.SharedTasks;
using Grpc.Core;
using Grpc.Net.Client;

namespace Gofer.Tests.Integration.SharedTasks;

/// <summary>What a worker makes of a service that is a shared task: one that keeps to the contract, one that dies, and one that does neither.</summary>
public sealed class CallSchedulerTests : IAsyncLifetime
{
    private const string Name = "gofer-0-a-1-1";

    private static readonly CallPatience s_short = new() { Call = TimeSpan.FromSeconds(2), Silence = TimeSpan.FromMilliseconds(700), GiveUp = TimeSpan.FromSeconds(2), Insist = TimeSpan.FromMilliseconds(300) };

    private TaskServer _server = null!;
    private GrpcChannel _channel = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await TaskServer.StartAsync(Ct);
        _channel = GrpcChannels.Open(_server.Url, new OutboundConnect(AllowedHosts.Parse("127.0.0.1").Value));
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task An_attempt_is_started_once_and_its_end_and_output_come_from_any_offset()
    {
        var scheduler = Scheduler(CallPatience.Default);
        await StartAsync(scheduler, "succeed");
        await StartAsync(scheduler, "succeed");
        Assert.Equal(("2.1", "echo"), (_server.Starts.First().Version, _server.Starts.First().Task));
        Assert.Equal(0, Assert.IsType<ContainerStatus.Ended>(await scheduler.WaitAsync(Name, Ct)).ExitCode);
        Assert.Equal(0, Assert.IsType<ContainerStatus.Ended>(await scheduler.InspectAsync(Name, Ct)).ExitCode);
        Assert.Equal(("hello t 1 2.1\n", "a warning\n"), await ReadAsync(scheduler, 0, 0));
        Assert.Equal(("t 1 2.1\n", "warning\n"), await ReadAsync(scheduler, 6, 2));
        Assert.Equal(("", ""), await ReadAsync(scheduler, 1000, 1000));
        await scheduler.ReleaseAsync(Name, Ct);
        Assert.Equal([Name], _server.Forgotten);
    }

    [Fact]
    public async Task One_that_runs_is_running_until_it_is_stopped()
    {
        var scheduler = Scheduler(CallPatience.Default);
        var started = await StartAsync(scheduler, "wait");
        Assert.Equal(started.StartedAt, Assert.IsType<ContainerStatus.Running>(await scheduler.InspectAsync(Name, Ct)).StartedAt);
        var waiting = scheduler.WaitAsync(Name, Ct);
        await scheduler.StopAsync(Name, TimeSpan.FromSeconds(5), Ct);
        Assert.Equal((143, "It was cancelled."), Assert.IsType<ContainerStatus.Ended>(await waiting) is var end ? (end.ExitCode, end.Message) : default);
    }

    [Fact]
    public async Task What_the_service_does_not_know_is_absent_and_so_is_what_it_forgot_while_it_ran()
    {
        var scheduler = Scheduler(CallPatience.Default);
        Assert.IsType<ContainerStatus.Absent>(await scheduler.InspectAsync(Name, Ct));
        await scheduler.StopAsync(Name, TimeSpan.Zero, Ct);
        await StartAsync(scheduler, "wait");
        var waiting = scheduler.WaitAsync(Name, Ct);
        Assert.IsType<ContainerStatus.Running>(await scheduler.InspectAsync(Name, Ct));
        _server.Lose();
        Assert.IsType<ContainerStatus.Absent>(await waiting);
        Assert.Equal(("", ""), await ReadAsync(scheduler, 0, 0));
    }

    [Fact]
    public async Task One_that_does_not_answer_is_unavailable_and_absent_once_it_has_been_silent_for_too_long()
    {
        var scheduler = Scheduler(s_short);
        await StartAsync(scheduler, "wait");
        Assert.IsType<ContainerStatus.Running>(await scheduler.InspectAsync(Name, Ct));
        _server.Answers = StatusCode.Unavailable;
        var away = await Assert.ThrowsAsync<SchedulerUnavailableException>(() => scheduler.InspectAsync(Name, Ct));
        Assert.Equal($"The service at {Endpoint} is away or not ready for Watch", away.Message);
        Assert.IsType<ContainerStatus.Absent>(await AtLastAsync(() => scheduler.InspectAsync(Name, Ct)));
        Assert.IsType<ContainerStatus.Absent>(await scheduler.WaitAsync(Name, Ct));
        Assert.Equal(("", ""), await ReadAsync(scheduler, 0, 0));
        await scheduler.StopAsync(Name, TimeSpan.Zero, Ct);
        // One that answers again is there again: nobody else had the attempt meanwhile.
        _server.Answers = null;
        Assert.IsType<ContainerStatus.Running>(await scheduler.InspectAsync(Name, Ct));
    }

    [Fact]
    public void A_service_is_waited_for_a_minute_once_it_had_begun_and_ten_seconds_for_each_answer() =>
        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(45)), (CallPatience.Default.GiveUp, CallPatience.Default.Call, CallPatience.Default.Silence));

    [Fact]
    public async Task One_that_is_killed_is_as_silent_as_one_that_hangs()
    {
        var scheduler = Scheduler(s_short);
        await StartAsync(scheduler, "wait");
        var waiting = AtLastAsync(() => scheduler.WaitAsync(Name, Ct));
        await _server.KillAsync();
        Assert.IsType<ContainerStatus.Absent>(await waiting);
    }

    [Fact]
    public async Task A_stream_in_which_nothing_comes_counts_as_no_answer()
    {
        var scheduler = Scheduler(s_short);
        await StartAsync(scheduler, "wait");
        await Assert.ThrowsAsync<SchedulerUnavailableException>(() => scheduler.WaitAsync(Name, Ct));
    }

    [Fact]
    public async Task One_that_does_not_end_though_it_was_asked_counts_as_gone_after_the_grace()
    {
        var scheduler = Scheduler(s_short with { Silence = TimeSpan.FromSeconds(45) });
        await StartAsync(scheduler, "ignore");
        await scheduler.StopAsync(Name, TimeSpan.Zero, Ct);
        Assert.IsType<ContainerStatus.Running>(await scheduler.InspectAsync(Name, Ct));
        Assert.IsType<ContainerStatus.Absent>(await AtLastAsync(async () => await scheduler.InspectAsync(Name, Ct) is ContainerStatus.Absent gone ? gone : throw new SchedulerUnavailableException("It runs.")));
    }

    [Theory]
    [InlineData("refuse", "echo", "The service refused to start it: No: hello")]
    [InlineData("succeed", "other", "has no task 'other': Only echo is served here.")]
    public async Task What_will_never_start_is_refused(string does, string task, string message)
    {
        var refused = await Assert.ThrowsAsync<ContainerRefusedException>(() => StartAsync(Scheduler(CallPatience.Default, task), does));
        Assert.Equal(Reasons.SchedulerError, refused.Reason);
        Assert.EndsWith(message, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StatusCode.Internal, "answered Start with Internal; its own log may say why")]
    [InlineData(StatusCode.Unimplemented, "knows no Start: does it keep to proto/gofer/task/v1?")]
    [InlineData(StatusCode.DeadlineExceeded, "did not answer Start in time")]
    public async Task Whatever_else_it_says_is_tried_again_and_its_words_are_not_shown(StatusCode code, string message)
    {
        _server.Answers = code;
        var away = await Assert.ThrowsAsync<SchedulerUnavailableException>(() => StartAsync(Scheduler(s_short), "succeed"));
        Assert.Equal($"The service at {Endpoint} {message}", away.Message);
    }

    [Fact]
    public async Task A_wrong_token_is_said_to_be_one()
    {
        var scheduler = new CallScheduler(new TaskCall(Endpoint, "echo", null), new TaskVersion(2, 1, 0), () => "another", _channel, TimeProvider.System, s_short);
        var away = await Assert.ThrowsAsync<SchedulerUnavailableException>(() => StartAsync(scheduler, "succeed"));
        Assert.Contains("refuses the token for Start", away.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_in_a_private_network_is_called_only_where_the_operator_allows_it()
    {
        using var channel = GrpcChannels.Open(_server.Url, new OutboundConnect(AllowedHosts.None));
        var scheduler = new CallScheduler(new TaskCall(Endpoint, "echo", null), new TaskVersion(2, 1, 0), () => TaskServer.Token, channel, TimeProvider.System, s_short);
        var refused = await Assert.ThrowsAsync<ContainerRefusedException>(() => StartAsync(scheduler, "succeed"));
        Assert.Equal("127.0.0.1 is not in the public internet, and only what the operator allows (outbound.allow) is called elsewhere.", refused.Message);
        Assert.Empty(_server.Starts);
    }

    [Fact]
    public async Task A_name_that_leads_to_a_private_address_is_judged_by_that()
    {
        using var channel = GrpcChannels.Open(new Uri($"http://lint.example:{_server.Url.Port}"), new OutboundConnect(AllowedHosts.None, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback])));
        var scheduler = new CallScheduler(new TaskCall("http://lint.example", "echo", null), new TaskVersion(2, 1, 0), () => TaskServer.Token, channel, TimeProvider.System, s_short);
        Assert.StartsWith("lint.example is not in the public internet", (await Assert.ThrowsAsync<ContainerRefusedException>(() => StartAsync(scheduler, "succeed"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_larger_than_a_message_is_refused_and_not_sent()
    {
        var spec = Spec("succeed") with { Environment = new Dictionary<string, string> { ["X"] = new string('x', 5 << 20) } };
        var refused = await Assert.ThrowsAsync<ContainerRefusedException>(() => Scheduler(s_short).StartAsync(spec, _ => Task.CompletedTask, new Progress<string>(), Ct));
        Assert.Contains("a service takes at most 4194304", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_server.Starts);
    }

    private string Endpoint => _server.Url.ToString().TrimEnd('/');

    private CallScheduler Scheduler(CallPatience patience, string task = "echo") =>
        new(new TaskCall(Endpoint, task, null), new TaskVersion(2, 1, 0), () => TaskServer.Token, _channel, TimeProvider.System, patience);

    private static Task<ContainerStarted> StartAsync(CallScheduler scheduler, string does) => scheduler.StartAsync(Spec(does), _ => Task.CompletedTask, new Progress<string>(), Ct);

    private static ContainerSpec Spec(string does) => new()
    {
        Name = Name,
        Labels = new Dictionary<string, string>(),
        Image = "",
        Environment = new Dictionary<string, string> { ["GOFER_TASK_ID"] = "t", ["GOFER_ATTEMPT"] = "1" },
        Inputs = new Dictionary<string, string> { ["word"] = "hello", ["do"] = does },
    };

    /// <summary>As the worker does: again for as long as it is unavailable.</summary>
    private static async Task<ContainerStatus> AtLastAsync(Func<Task<ContainerStatus>> ask)
    {
        for (var patience = System.Diagnostics.Stopwatch.StartNew(); ; await Task.Delay(50, Ct))
        {
            try
            {
                return await ask();
            }
            catch (SchedulerUnavailableException) when (patience.Elapsed < TimeSpan.FromSeconds(30))
            {
                // and again
            }
        }
    }

    private static async Task<(string Stdout, string Stderr)> ReadAsync(CallScheduler scheduler, long stdout, long stderr)
    {
        var (o, e) = (new StringBuilder(), new StringBuilder());
        await foreach (var piece in scheduler.ReadLogsAsync(Name, stdout, stderr, Ct)) (piece.Stream == LogStream.Stdout ? o : e).Append(Encoding.UTF8.GetString(piece.Bytes.Span));
        return (o.ToString(), e.ToString());
    }
}
