using Gofer.Api.Access;
using Gofer.Api.Http;
using Gofer.Application.Triggers;
using Gofer.Domain.Common;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Gofer.Api.Triggers;

internal static class HookEndpoints
{
    /// <summary>The URL itself is what lets a request in, so no token is asked for; who guesses URLs is slowed down as one who guesses tokens.</summary>
    public static void MapHooks(this IEndpointRouteBuilder api) =>
        api.MapPost("/hooks/{hook}", Receive).WithTags("Triggers").WithName("ReceiveHook").IsOpen()
            .WithSummary("Take an event at a trigger's URL: it is stored before the answer and decided after it")
            .WithMetadata(new AcceptsMetadata(["application/json"], typeof(object), isOptional: true));

    private static async Task<Results<Accepted<HookAnswer>, Problem>> Receive(string hook, HttpContext context, RateLimits limits, IMediator mediator, CancellationToken ct)
    {
        var address = context.Connection.RemoteIpAddress;
        if (limits.OfStranger(address) is { } limited) return limited.ToProblem();
        var (body, error) = await ReadAsync(context);
        if (error is not null) return error.ToProblem();
        var headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var received = await mediator.Send(new ReceiveHook(hook, headers, body), ct);
        if (received.IsOk) return TypedResults.Accepted((string?)null, received.Value);
        if (received.Error.Kind is ErrorKind.NotFound or ErrorKind.Unauthenticated) limits.NoteStranger(address);
        return received.Error.ToProblem();
    }

    private static Task<(byte[] Raw, Error? Error)> ReadAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = ReceiveHook.MaxBody + 1;
        return RawBody.ReadAsync(context, ReceiveHook.MaxBody);
    }
}
