using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Domain.Common;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Api.Audit;

/// <summary>Notes what an endpoint, or the use case behind it, refuses somebody whom the gate let in.</summary>
internal sealed class DenialFilter(Denials denials) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var result = await next(context);
        if (Of(result) is { Error: { Kind: ErrorKind.Forbidden } refused }) await denials.NoteAsync(context.HttpContext, refused);
        return result;
    }

    private static Problem? Of(object? result) => result switch
    {
        Problem problem => problem,
        INestedHttpResult nested => Of(nested.Result),
        _ => null,
    };
}

/// <summary>Makes denials of requests.</summary>
internal static class DenialNotes
{
    /// <summary>Notes a refusal; <paramref name="shown"/> is the id of the token that was shown, where nobody was let in by it.</summary>
    public static Task NoteAsync(this Denials denials, HttpContext context, Error refused, Caller? caller = null, string? shown = null)
    {
        var operation = context.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? context.Request.Method;
        var who = caller ?? context.RequestServices.GetRequiredService<CurrentCaller>().Known;
        return denials.NoteAsync(who, new Denial(operation, refused.Code, new AuditTarget(Named("namespace"), Named("pipeline"), shown), context.Connection.RemoteIpAddress?.ToString()));

        // What is no name is nobody's, and may be whatever somebody wants to have in a log.
        string? Named(string part) => context.GetRouteValue(part) is string name && Slug.IsValid(name) ? name : null;
    }
}
