using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Gofer.Api.Access;

/// <summary>
/// Lets callers in, by the one rule for all routes: the endpoint says what it demands, the token what it allows, and before both agree no byte of
/// the body is read. What a caller does not see answers as what is not there.
/// </summary>
internal sealed partial class AccessGate(RequestDelegate next, Callers callers, IOptions<ApiOptions> options, ILogger<AccessGate> logger)
{
    private const string Scheme = "Bearer ";

    public async Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        var demand = endpoint?.Metadata.GetMetadata<Demand>();
        if (endpoint is null || demand is Demand.Nothing)
        {
            await next(context);
            return;
        }

        if (!options.Value.AsksForTokens)
        {
            await EnterAsync(context, endpoint, demand, Caller.Anybody);
            return;
        }

        var shown = Read(context.Request);
        var known = shown.IsOk ? await callers.FindAsync(shown.Value, context.RequestAborted) : shown.Error;
        if (!known.IsOk)
        {
            await known.Error.ToProblem().ExecuteAsync(context);
            return;
        }

        using (callers.Attend(known.Value, context.Abort)) await EnterAsync(context, endpoint, demand, known.Value.Caller);
    }

    private async Task EnterAsync(HttpContext context, Endpoint endpoint, Demand? demand, Caller caller)
    {
        if (Refuse(context, endpoint, demand, caller) is { } refused)
        {
            await refused.ToProblem().ExecuteAsync(context);
            return;
        }

        context.RequestServices.GetRequiredService<CurrentCaller>().Caller = caller;
        await next(context);
    }

    private Error? Refuse(HttpContext context, Endpoint endpoint, Demand? demand, Caller caller)
    {
        switch (demand)
        {
            case Demand.Identity:
            case null when endpoint is not RouteEndpoint: // says that there is no such method
                return null;
            case Demand.Permission wanted when context.GetRouteValue("namespace") is string @namespace:
                if (!caller.Grants.Sees(@namespace)) return new Error(ErrorKind.NotFound, ErrorCodes.NamespaceNotFound, $"No namespace {Shown.Quoted(@namespace)}.");
                return caller.Grants.Allow(wanted.Resource, wanted.Verb, @namespace) ? null : Denials.In(@namespace, wanted.Resource, wanted.Verb);
            case Demand.Permission wanted:
                return caller.Grants.AllowEverywhere(wanted.Resource, wanted.Verb) ? null : Denials.Everywhere(wanted.Resource, wanted.Verb);
            default:
                Log.SaysNothing(logger, endpoint.DisplayName);
                return new Error(ErrorKind.Forbidden, ErrorCodes.Forbidden, "This route does not say who may use it, so nobody may. This is the server's fault.");
        }
    }

    /// <summary>The token that the request shows.</summary>
    private static Result<TokenText> Read(HttpRequest request)
    {
        var headers = request.Headers.Authorization;
        if (headers.Count == 0) return new Error(ErrorKind.Unauthenticated, ErrorCodes.Unauthenticated, "A token is wanted: send 'Authorization: Bearer gof_…'.");
        return headers is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && TokenText.Parse(header[Scheme.Length..].Trim()) is { } text
            ? text
            : new Error(ErrorKind.Unauthenticated, ErrorCodes.Unauthenticated, "What was sent as Authorization is no token; send one as 'Bearer gof_…'.");
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "{Endpoint} does not say what it demands of callers, so it is closed to all")]
        public static partial void SaysNothing(ILogger logger, string? endpoint);
    }
}

/// <summary>What is said to callers whose token allows less than they ask.</summary>
internal static class Denials
{
    /// <summary>Of something of a namespace.</summary>
    public static Error In(string @namespace, Resource resource, Verb verb) => new(
        ErrorKind.Forbidden, ErrorCodes.Forbidden,
        $"Your token does not allow '{AccessWords.Of(verb)}' on '{AccessWords.Of(resource)}' in {Shown.Quoted(@namespace)}. 'gofer token whoami' shows what it allows.");

    /// <summary>Of something of the install.</summary>
    public static Error Everywhere(Resource resource, Verb verb) => new(
        ErrorKind.Forbidden, ErrorCodes.Forbidden,
        $"Your token does not allow '{AccessWords.Of(verb)}' on '{AccessWords.Of(resource)}' of the whole install. 'gofer token whoami' shows what it allows.");
}
