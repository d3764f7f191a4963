using System.Runtime.CompilerServices;
using Gofer.Application.Logs;
using Gofer.Application.Schedulers;
using Gofer.Domain.Runs;
using Gofer.Domain.SharedTasks;
using Gofer.Infrastructure.Outbound;
using Gofer.SharedTasks.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Status = Gofer.Application.Schedulers.ContainerStatus;

namespace Gofer.Infrastructure.SharedTasks;

/// <summary>
/// A shared task that is a service, for one attempt as one worker follows it. It is a scheduler like any other, with two differences: what the service does not know
/// is gone, and so is what it has not spoken of for a minute, since nobody can say when it would again. Neither is a fault of the attempt: it ends as lost.
/// </summary>
internal sealed class CallScheduler(
    TaskCall call, TaskVersion version, Func<string?> token, GrpcChannel channel, TimeProvider clock, CallPatience patience) : IScheduler
{
    /// <summary>Further than any output goes, and exact in every language's numbers: asks for the end alone.</summary>
    private const long Beyond = 1L << 53;

    /// <summary>Bytes of one piece of output.</summary>
    private const int Piece = 64 * 1024;

    private readonly TaskService.TaskServiceClient _service = new(channel);
    private long _answered = clock.GetTimestamp();
    private long? _stopped;
    private TimeSpan _grace;

    /// <inheritdoc/>
    public string Kind => TaskCall.Backend;

    /// <summary>Whether it is taken for lost: silent for too long, or told to end and not ended.</summary>
    private bool IsGone => clock.GetElapsedTime(Volatile.Read(ref _answered)) >= patience.GiveUp || IsOverdue;

    private bool IsOverdue => _stopped is { } at && clock.GetElapsedTime(at) >= _grace + patience.GiveUp;

    /// <inheritdoc/>
    public Task<Backend> ProbeAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new Backend(TaskCall.Backend, TaskCall.Backend, new Uri(call.Endpoint).Authority, $"the service at {call.Endpoint}"));

    /// <inheritdoc/>
    public async Task<ContainerStarted> StartAsync(
        ContainerSpec spec, Func<CancellationToken, Task> permit, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var request = new StartRequest { Attempt = spec.Name, Task = call.Task, Version = version.ToString() };
        request.Inputs.Add(spec.Inputs.ToDictionary());
        request.Environment.Add(spec.Environment.ToDictionary());
        if (request.CalculateSize() is var size && size > GrpcChannels.LargestMessage)
        {
            throw new ContainerRefusedException(Reasons.SchedulerError, $"Inputs and environment are {size} bytes together; a service takes at most {GrpcChannels.LargestMessage}.");
        }

        await permit(cancellationToken);
        try
        {
            var started = await AskAsync("Start", options => _service.StartAsync(request, options), cancellationToken);
            return new ContainerStarted(Time(started.StartedAt), null);
        }
        catch (RpcException e)
        {
            var why = e.Status.Detail.Length > 0 ? $": {e.Status.Detail}" : ".";
            throw new ContainerRefusedException(
                Reasons.SchedulerError, e.StatusCode == StatusCode.NotFound ? $"The service at {call.Endpoint} has no task '{call.Task}'{why}" : $"The service refused to start it{why}");
        }
    }

    /// <inheritdoc/>
    public async Task<Status> InspectAsync(string name, CancellationToken cancellationToken)
    {
        if (IsOverdue) return new Status.Absent();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var messages = WatchAsync(name, Beyond, Beyond, enough.Token).GetAsyncEnumerator(enough.Token);
        var next = Task.CompletedTask;
        try
        {
            if (!await messages.MoveNextAsync()) return new Status.Absent();
            var started = Time(messages.Current.StartedAt);
            if (messages.Current.End is { } at) return Ended(at, started);
            var moving = messages.MoveNextAsync().AsTask();
            next = moving;
            return await Task.WhenAny(moving, Task.Delay(patience.Look, enough.Token)) == moving && await moving && messages.Current.End is { } end
                ? Ended(end, started)
                : new Status.Running(started);
        }
        catch (SchedulerUnavailableException) when (IsGone)
        {
            return new Status.Absent();
        }
        finally
        {
            // An enumerator must not be disposed of while it still moves.
            await enough.CancelAsync();
            await next.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await messages.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async Task<Status> WaitAsync(string name, CancellationToken cancellationToken)
    {
        DateTimeOffset? started = null;
        try
        {
            await foreach (var message in WatchAsync(name, Beyond, Beyond, cancellationToken))
            {
                started ??= Time(message.StartedAt);
                if (message.End is { } end) return Ended(end, started.Value);
                if (IsOverdue) break;
            }
        }
        catch (SchedulerUnavailableException) when (IsGone)
        {
            // nobody can say what became of it
        }

        return new Status.Absent();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<LogPiece> ReadLogsAsync(
        string name, long stdoutOffset, long stderrOffset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var messages = WatchAsync(name, stdoutOffset, stderrOffset, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (IsOverdue || !await messages.MoveNextAsync()) yield break;
            }
            catch (SchedulerUnavailableException) when (IsGone)
            {
                yield break;
            }

            if (messages.Current.Output is not { } output) continue;
            var stream = output.Stream == Gofer.SharedTasks.V1.Stream.Stderr ? LogStream.Stderr : LogStream.Stdout;
            for (var at = 0; at < output.Data.Length; at += Piece) yield return new LogPiece(stream, output.Data.Memory.Slice(at, Math.Min(Piece, output.Data.Length - at)));
        }
    }

    /// <inheritdoc/>
    public async Task StopAsync(string name, TimeSpan grace, CancellationToken cancellationToken)
    {
        // The shorter grace counts from now on; one that was asked for before is not made longer.
        if (_stopped is null || clock.GetElapsedTime(_stopped.Value) + grace < _grace) (_stopped, _grace) = (clock.GetTimestamp(), grace);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var request = new CancelRequest { Attempt = name, GraceSeconds = (int)Math.Ceiling(grace.TotalSeconds) };
            await AskAsync("Cancel", options => _service.CancelAsync(request, options), cancellationToken);
            over.CancelAfter(grace + patience.Insist);
            await WaitAsync(name, over.Token);
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound or StatusCode.InvalidArgument)
        {
            // It knows nothing of it, so nothing is to be stopped.
        }
        catch (SchedulerUnavailableException) when (IsGone)
        {
            // nobody is there to stop it
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // It has not ended: whoever asked looks, and asks again.
        }
    }

    /// <summary>Best effort: a service forgets by itself what nobody asks for.</summary>
    public async Task ReleaseAsync(string name, CancellationToken cancellationToken)
    {
        if (IsGone) return;
        try
        {
            await AskAsync("Forget", options => _service.ForgetAsync(new ForgetRequest { Attempt = name }, options), cancellationToken);
        }
        catch (Exception e) when (e is SchedulerUnavailableException or RpcException)
        {
            // within the hour
        }
    }

    /// <summary>Nothing: what a service keeps is its own.</summary>
    public Task<int> CollectAsync(TimeSpan retention, CancellationToken cancellationToken) => Task.FromResult(0);

    /// <summary>The answer; a refusal that is one of the contract's comes as it is.</summary>
    private async Task<T> AskAsync<T>(string what, Func<CallOptions, AsyncUnaryCall<T>> send, CancellationToken cancellationToken)
    {
        try
        {
            using var sent = send(new CallOptions(Headers(), (TimeProvider.System.GetUtcNow() + patience.Call).UtcDateTime, cancellationToken));
            var answer = await sent.ResponseAsync;
            Answered();
            return answer;
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (e.StatusCode is not (StatusCode.NotFound or StatusCode.InvalidArgument)) throw Unavailable(what, e);
            Answered();
            throw;
        }
    }

    /// <summary>What the service says of the attempt, up to its end; nothing at all of one that it does not know.</summary>
    private async IAsyncEnumerable<WatchResponse> WatchAsync(string name, long stdout, long stderr, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var silent = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        silent.CancelAfter(patience.Silence);
        var request = new WatchRequest { Attempt = name, StdoutOffset = stdout, StderrOffset = stderr };
        using var watch = _service.Watch(request, new CallOptions(Headers(), cancellationToken: silent.Token));
        while (true)
        {
            bool more;
            try
            {
                more = await watch.ResponseStream.MoveNext(silent.Token);
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.NotFound && !silent.IsCancellationRequested)
            {
                Answered();
                yield break;
            }
            catch (Exception e) when (e is RpcException or OperationCanceledException or IOException or InvalidOperationException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw Unavailable("Watch", e, silent.IsCancellationRequested);
            }

            if (!more) throw Unavailable("Watch", null);
            Answered();
            // What the reader does with it is not the service's time.
            silent.CancelAfter(Timeout.InfiniteTimeSpan);
            var message = watch.ResponseStream.Current;
            yield return message;
            if (message.End is not null) yield break;
            silent.CancelAfter(patience.Silence);
        }
    }

    private Metadata Headers() => token() is { } known ? new Metadata { { "authorization", $"Bearer {known}" } } : [];

    private void Answered() => Volatile.Write(ref _answered, clock.GetTimestamp());

    /// <summary>What the service says of it is dropped: it may quote what it was given.</summary>
    private Exception Unavailable(string what, Exception? e, bool late = false)
    {
        var status = (e as RpcException)?.Status;
        for (var inner = status?.DebugException; inner is not null; inner = inner.InnerException)
        {
            // It is this server that does not call there. Before a start that is the end of it; later it is as if nobody answered.
            if (inner is OutboundException { IsRefused: true } refused) return what == "Start" ? new ContainerRefusedException(Reasons.SchedulerError, refused.Message) : new SchedulerUnavailableException(refused.Message);
        }

        return new SchedulerUnavailableException($"The service at {call.Endpoint} " + (late ? StatusCode.DeadlineExceeded : status?.StatusCode) switch
        {
            StatusCode.Unavailable => $"is away or not ready for {what}",
            StatusCode.DeadlineExceeded => $"did not answer {what} in time",
            StatusCode.Unauthenticated or StatusCode.PermissionDenied => $"refuses the token for {what}: is the secret that 'token' names the right one?",
            StatusCode.Unimplemented => $"knows no {what}: does it keep to proto/gofer/task/v1?",
            StatusCode.OK or null => $"broke off {what} before the end",
            { } code => $"answered {what} with {code}; its own log may say why",
        });
    }

    private Status.Ended Ended(End end, DateTimeOffset started)
    {
        var ended = Time(end.EndedAt);
        return new Status.Ended(
            end.ExitCode is >= 0 and <= 255 ? end.ExitCode : 255, OutOfMemory: false, started, ended < started ? started : ended, end.Message.Length > 0 ? end.Message : null);
    }

    /// <summary>A time that the service gives, or now where it gives none that can be.</summary>
    private DateTimeOffset Time(Timestamp? given)
    {
        try
        {
            if (given?.ToDateTimeOffset() is { } time && time <= clock.GetUtcNow()) return time;
        }
        catch (InvalidOperationException)
        {
            // no time of this calendar
        }

        return clock.GetUtcNow();
    }
}
