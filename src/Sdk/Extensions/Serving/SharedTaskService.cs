using Gofer.SharedTasks.V1;
using Google.Protobuf;
using Grpc.Core;
using Stream = Gofer.SharedTasks.V1.Stream;

namespace Gofer.Sdk.Extensions.Serving;

/// <summary>What Gofer calls, before the author's code.</summary>
internal sealed class SharedTaskService(Attempts attempts) : TaskService.TaskServiceBase
{
    private const int MostOfMessage = 64 << 10;

    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(10);

    public override Task<StartResponse> Start(StartRequest request, ServerCallContext context)
    {
        attempts.Enter(context);
        var call = new TaskCall(request.Attempt, request.Version, new Dictionary<string, string>(request.Inputs), new Dictionary<string, string>(request.Environment));
        return Task.FromResult(new StartResponse { StartedAt = attempts.Start(request.Task, call).StartedAt });
    }

    public override async Task Watch(WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context)
    {
        attempts.Enter(context);
        if (attempts.Find(request.Attempt) is not { IsForgotten: false } attempt) throw new RpcException(new Status(StatusCode.NotFound, "There is no such attempt."));
        long[] offsets = [request.StdoutOffset, request.StderrOffset];
        await responseStream.WriteAsync(new WatchResponse { StartedAt = attempt.StartedAt }, context.CancellationToken);
        while (true)
        {
            // Both before the output is looked at: what was written before the end is sent before it, and no news is missed.
            var (more, end) = (attempt.More, attempt.End);
            for (var stream = 0; stream < 2; stream++)
            {
                while (attempt.Read(stream, offsets[stream], MostOfMessage) is { Length: > 0 } data)
                {
                    var output = new Output { Stream = stream == 0 ? Stream.Stdout : Stream.Stderr, Data = UnsafeByteOperations.UnsafeWrap(data) };
                    await responseStream.WriteAsync(new WatchResponse { Output = output }, context.CancellationToken);
                    offsets[stream] += data.Length;
                }
            }

            if (end is not null)
            {
                await responseStream.WriteAsync(new WatchResponse { End = end }, context.CancellationToken);
                return;
            }

            try
            {
                await more.WaitAsync(s_silence, context.CancellationToken);
            }
            catch (TimeoutException)
            {
                await responseStream.WriteAsync(new WatchResponse(), context.CancellationToken); // still running
            }
        }
    }

    public override Task<CancelResponse> Cancel(CancelRequest request, ServerCallContext context)
    {
        attempts.Enter(context);
        attempts.Cancel(request.Attempt, TimeSpan.FromSeconds(Math.Clamp(request.GraceSeconds, 0, 86_400)));
        return Task.FromResult(new CancelResponse());
    }

    public override Task<ForgetResponse> Forget(ForgetRequest request, ServerCallContext context)
    {
        attempts.Enter(context);
        attempts.Forget(request.Attempt);
        return Task.FromResult(new ForgetResponse());
    }
}
