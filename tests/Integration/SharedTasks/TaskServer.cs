using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Gofer.SharedTasks.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Stream = Gofer.SharedTasks.V1.Stream;

namespace Gofer.Tests.Integration.SharedTasks;

/// <summary>
/// A service of tasks in this process, true to the contract unless a test breaks it. Its one task writes what it was given, and then does what its input <c>do</c>
/// says: <c>succeed</c>, <c>fail</c>, <c>wait</c> for a cancel, <c>ignore</c> even that, or <c>once</c>: wait at the first attempt alone.
/// </summary>
internal sealed class TaskServer : IAsyncDisposable
{
    public const string Token = "the-token-of-the-service";

    private readonly ConcurrentDictionary<string, Attempt> _attempts = new();
    private WebApplication? _app;

    private TaskServer()
    {
    }

    /// <summary>Where it answers, or did.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>What it was asked to start, each time.</summary>
    public ConcurrentQueue<StartRequest> Starts { get; } = new();

    /// <summary>The attempts that it was told to forget.</summary>
    public ConcurrentQueue<string> Forgotten { get; } = new();

    /// <summary>Answers every call with that, where it is set.</summary>
    public StatusCode? Answers { get; set; }

    public static async Task<TaskServer> StartAsync(CancellationToken cancellationToken)
    {
        var server = new TaskServer();
        await server.ListenAsync(0, cancellationToken);
        return server;
    }

    /// <summary>Ends it as a crash would: what it knew is gone.</summary>
    public async Task KillAsync()
    {
        _attempts.Clear();
        if (_app is { } app) await app.DisposeAsync();
        _app = null;
    }

    /// <summary>Starts it at the same address again.</summary>
    public Task StartAgainAsync(CancellationToken cancellationToken) => ListenAsync(Url.Port, cancellationToken);

    /// <summary>Ends with success whatever runs.</summary>
    public void EndAll()
    {
        foreach (var attempt in _attempts.Values) attempt.End(0);
    }

    /// <summary>Forgets what runs, as a restart does, and stays where it is.</summary>
    public void Lose()
    {
        foreach (var attempt in _attempts.Values) attempt.Lost.TrySetResult();
        _attempts.Clear();
    }

    public async ValueTask DisposeAsync() => await KillAsync();

    private async Task ListenAsync(int port, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port, l => l.Protocols = HttpProtocols.Http2));
        builder.WebHost.UseShutdownTimeout(TimeSpan.Zero);
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this);
        var app = builder.Build();
        app.MapGrpcService<Service>();
        await app.StartAsync(cancellationToken);
        (_app, Url) = (app, new Uri(app.Urls.Single()));
    }

    private sealed class Attempt
    {
        public Timestamp Started { get; } = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow());

        public TaskCompletionSource<End> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Lost { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public required byte[] Stdout { get; init; }

        public byte[] Stderr { get; } = Encoding.UTF8.GetBytes("a warning\n");

        public required string Does { get; init; }

        public void End(int exitCode, string message = "") =>
            Ended.TrySetResult(new End { ExitCode = exitCode, Message = message, EndedAt = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow()) });
    }

    private sealed class Service(TaskServer server) : TaskService.TaskServiceBase
    {
        public override Task<StartResponse> Start(StartRequest request, ServerCallContext context)
        {
            Judge(context);
            server.Starts.Enqueue(request);
            if (request.Task != "echo") throw new RpcException(new Status(StatusCode.NotFound, "Only echo is served here."));
            var does = request.Inputs.GetValueOrDefault("do", "succeed");
            if (does == "refuse") throw new RpcException(new Status(StatusCode.InvalidArgument, $"No: {request.Inputs.GetValueOrDefault("word")}"));
            var attempt = server._attempts.GetOrAdd(request.Attempt, _ => new Attempt
            {
                Does = does,
                Stdout = Encoding.UTF8.GetBytes($"{request.Inputs.GetValueOrDefault("word")} {request.Environment["GOFER_TASK_ID"]} {request.Environment["GOFER_ATTEMPT"]} {request.Version}\n"),
            });
            if (does == "succeed" || (does == "once" && request.Environment["GOFER_ATTEMPT"] != "1")) attempt.End(0);
            if (does == "fail") attempt.End(3, $"It found {request.Inputs.GetValueOrDefault("word")}.");
            return Task.FromResult(new StartResponse { StartedAt = attempt.Started });
        }

        public override async Task Watch(WatchRequest request, IServerStreamWriter<WatchResponse> answers, ServerCallContext context)
        {
            Judge(context);
            if (!server._attempts.TryGetValue(request.Attempt, out var attempt)) throw new RpcException(new Status(StatusCode.NotFound, ""));
            await answers.WriteAsync(new WatchResponse { StartedAt = attempt.Started });
            await WriteAsync(Stream.Stdout, attempt.Stdout, request.StdoutOffset);
            await WriteAsync(Stream.Stderr, attempt.Stderr, request.StderrOffset);
            await Task.WhenAny(attempt.Ended.Task, attempt.Lost.Task).WaitAsync(context.CancellationToken);
            if (!attempt.Ended.Task.IsCompleted) throw new RpcException(new Status(StatusCode.NotFound, ""));
            await answers.WriteAsync(new WatchResponse { End = await attempt.Ended.Task });

            async Task WriteAsync(Stream stream, byte[] bytes, long offset)
            {
                if (offset < bytes.Length) await answers.WriteAsync(new WatchResponse { Output = new Output { Stream = stream, Data = ByteString.CopyFrom(bytes.AsSpan((int)offset)) } });
            }
        }

        public override Task<CancelResponse> Cancel(CancelRequest request, ServerCallContext context)
        {
            Judge(context);
            if (server._attempts.TryGetValue(request.Attempt, out var attempt) && attempt.Does != "ignore") attempt.End(143, "It was cancelled.");
            return Task.FromResult(new CancelResponse());
        }

        public override Task<ForgetResponse> Forget(ForgetRequest request, ServerCallContext context)
        {
            Judge(context);
            server.Forgotten.Enqueue(request.Attempt);
            return Task.FromResult(new ForgetResponse());
        }

        private void Judge(ServerCallContext context)
        {
            if (server.Answers is { } code) throw new RpcException(new Status(code, "a word that must not be shown"));
            if (context.RequestHeaders.GetValue("authorization") != $"Bearer {Token}") throw new RpcException(new Status(StatusCode.Unauthenticated, ""));
        }
    }
}
