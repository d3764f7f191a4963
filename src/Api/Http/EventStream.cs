using System.Text;
using System.Text.Json;
using Gofer.Application.Common;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Gofer.Api.Http;

/// <summary>One server-sent event; <paramref name="Id"/> is the place to resume after it.</summary>
public readonly record struct ServerEvent(string Type, string? Id, object Data);

/// <summary>
/// A <c>text/event-stream</c>: events as they come, a comment every 15 seconds, and where the source ends an <c>end</c> event, after which
/// the server closes. A client that leaves, or a server that stops, ends it quietly.
/// </summary>
internal sealed class EventStream(Func<CancellationToken, IAsyncEnumerable<ServerEvent>> source, Func<CancellationToken, Task<object>> end) : IResult
{
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(15);

    /// <summary>The place that the client wants to resume after: the header of browsers, or a parameter for those who cannot set one.</summary>
    public static string? LastEventId(HttpContext context) =>
        context.Request.Headers["Last-Event-ID"] is [{ Length: > 0 } id] ? id : context.Request.Query["last_event_id"] is [{ Length: > 0 } parameter] ? parameter : null;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var stopping = httpContext.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, stopping);
        var response = httpContext.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        httpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            await response.StartAsync(over.Token);
            if (Head.IsAsked(httpContext)) return;
            await response.Body.FlushAsync(over.Token);
            await CopyAsync(response, over.Token);
            await WriteAsync(response, new ServerEvent("end", null, await end(over.Token)), over.Token);
            await response.Body.FlushAsync(over.Token);
        }
        catch (Exception e) when (over.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // nobody is left to be told
        }
    }

    private async Task CopyAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        await using var events = source(cancellationToken).GetAsyncEnumerator(cancellationToken);
        var next = events.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                if (!next.IsCompleted)
                {
                    await response.Body.FlushAsync(cancellationToken); // what is there goes out before anybody waits
                    while (!await ComesAsync(next, cancellationToken))
                    {
                        await response.WriteAsync(": ping\n\n", cancellationToken);
                        await response.Body.FlushAsync(cancellationToken);
                    }
                }

                if (!await next) return;
                await WriteAsync(response, events.Current, cancellationToken);
                next = events.MoveNextAsync().AsTask();
            }
        }
        finally
        {
            // The source ends with the token or by itself; it must not be disposed of while it moves.
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>False where a ping is due before the next event has come.</summary>
    private static async Task<bool> ComesAsync(Task<bool> next, CancellationToken cancellationToken)
    {
        try
        {
            await next.WaitAsync(PingAfter, cancellationToken);
            return true;
        }
        catch (TimeoutException) when (!next.IsCompleted)
        {
            return false;
        }
    }

    private static async Task WriteAsync(HttpResponse response, ServerEvent e, CancellationToken cancellationToken)
    {
        var text = new StringBuilder().Append("event: ").Append(e.Type).Append('\n');
        if (e.Id is not null) text.Append("id: ").Append(e.Id).Append('\n');
        text.Append("data: ").Append(JsonSerializer.Serialize(e.Data, GoferJson.Options)).Append("\n\n");
        await response.WriteAsync(text.ToString(), cancellationToken);
    }
}

/// <summary>The data of an <c>end</c> event.</summary>
public sealed record EndView(string State, string? Reason);
