using System.Text;
using Gofer.Infrastructure.Outbound;
using Gofer.SharedTasks.V1;
using Gofer.Tests.Support.Extensions;
using Grpc.Core;
using Stream = Gofer.SharedTasks.V1.Stream;

namespace Gofer.Tests.Integration.Extensions;

/// <summary>The examples of a shared task that is a service keep to the rules of <c>task.proto</c>.</summary>
public sealed class TaskExampleTests
{
    private const string Token = "the-token-of-the-definition";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Examples => ["task-csharp.dll", "examples/task-node/task.mjs"];

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task An_attempt_is_started_once_and_its_output_and_end_may_be_asked_for_again(string program)
    {
        await using var example = await StartAsync(program);
        using var channel = GrpcChannels.Open(example.Address);
        var tasks = new TaskService.TaskServiceClient(channel);
        var start = new StartRequest { Attempt = "a-1", Task = "lint", Version = "1.0", Inputs = { ["path"] = "x", ["sleep_ms"] = "200", ["fail"] = "true" } };
        var first = await tasks.StartAsync(start, Options());
        Assert.Equal(first.StartedAt, (await tasks.StartAsync(start, Options())).StartedAt);

        var (output, errors, end) = await WatchAsync(tasks, new WatchRequest { Attempt = "a-1" });
        Assert.Equal(("linting x\n", "x: 1 problem\n", 1), (output, errors, end.ExitCode));
        (output, errors, end) = await WatchAsync(tasks, new WatchRequest { Attempt = "a-1", StdoutOffset = 8, StderrOffset = long.MaxValue >> 11 });
        Assert.Equal(("x\n", "", 1), (output, errors, end.ExitCode));

        await tasks.ForgetAsync(new ForgetRequest { Attempt = "a-1" }, Options());
        await tasks.StartAsync(start, Options());
        Assert.Equal(StatusCode.NotFound, await RefusedAsync(() => WatchAsync(tasks, new WatchRequest { Attempt = "a-1" })));
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task A_cancel_ends_an_attempt_and_keeps_one_that_comes_later_from_starting(string program)
    {
        await using var example = await StartAsync(program);
        using var channel = GrpcChannels.Open(example.Address);
        var tasks = new TaskService.TaskServiceClient(channel);
        await tasks.StartAsync(new StartRequest { Attempt = "a-1", Task = "lint", Inputs = { ["path"] = "x", ["sleep_ms"] = "600000" } }, Options());
        foreach (var attempt in new[] { "a-1", "a-2" }) await tasks.CancelAsync(new CancelRequest { Attempt = attempt, GraceSeconds = 30 }, Options());
        await tasks.StartAsync(new StartRequest { Attempt = "a-2", Task = "lint", Inputs = { ["path"] = "x" } }, Options());
        Assert.Equal(143, (await WatchAsync(tasks, new WatchRequest { Attempt = "a-1" })).End.ExitCode);
        var (output, _, end) = await WatchAsync(tasks, new WatchRequest { Attempt = "a-2" });
        Assert.Equal(("", 143), (output, end.ExitCode));
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task What_cannot_be_started_is_refused_and_an_attempt_does_not_survive_its_service(string program)
    {
        await using var example = await StartAsync(program);
        using (var channel = GrpcChannels.Open(example.Address))
        {
            var tasks = new TaskService.TaskServiceClient(channel);
            var start = new StartRequest { Attempt = "a-1", Task = "lint", Inputs = { ["path"] = "x", ["sleep_ms"] = "600000" } };
            Assert.Equal(StatusCode.Unauthenticated, await RefusedAsync(() => tasks.StartAsync(start, new CallOptions(cancellationToken: Ct)).ResponseAsync));
            Assert.Equal(StatusCode.InvalidArgument, await RefusedAsync(() => tasks.StartAsync(new StartRequest { Attempt = "a-2", Task = "lint" }, Options()).ResponseAsync));
            Assert.Equal(StatusCode.NotFound, await RefusedAsync(() => tasks.StartAsync(new StartRequest { Attempt = "a-3", Task = "other" }, Options()).ResponseAsync));
            await tasks.StartAsync(start, Options());
        }

        await example.KillAsync();
        await example.StartAsync(Ct);
        using var anew = GrpcChannels.Open(example.Address);
        Assert.Equal(StatusCode.NotFound, await RefusedAsync(() => WatchAsync(new TaskService.TaskServiceClient(anew), new WatchRequest { Attempt = "a-1" })));
    }

    private static Task<ExampleProgram> StartAsync(string program) => program.EndsWith(".mjs", StringComparison.Ordinal)
        ? ExampleProgram.NodeAsync(program, "GOFER_TASK_LISTEN", Ct, ("GOFER_TASK_TOKEN", Token))
        : ExampleProgram.DotnetAsync(program, "GOFER_TASK_LISTEN", Ct, ("GOFER_TASK_TOKEN", Token));

    private static CallOptions Options() => new([new Metadata.Entry("authorization", $"Bearer {Token}")], cancellationToken: Ct);

    private static async Task<(string Output, string Errors, End End)> WatchAsync(TaskService.TaskServiceClient tasks, WatchRequest request)
    {
        var texts = new Dictionary<Stream, StringBuilder> { [Stream.Stdout] = new(), [Stream.Stderr] = new() };
        End? end = null;
        using var call = tasks.Watch(request, Options());
        await foreach (var message in call.ResponseStream.ReadAllAsync(Ct))
        {
            Assert.Null(end); // nothing follows it
            if (message.Output is { } piece) texts[piece.Stream].Append(piece.Data.ToStringUtf8());
            end = message.End;
        }

        return (texts[Stream.Stdout].ToString(), texts[Stream.Stderr].ToString(), end!);
    }

    private static async Task<StatusCode> RefusedAsync(Func<Task> call) => (await Assert.ThrowsAsync<RpcException>(call)).StatusCode;
}
