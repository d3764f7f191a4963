using System.Globalization;
using Gofer.Api.Audit;
using Gofer.Api.Http;
using Gofer.Application.Access;
using Gofer.Application.Audit;
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
internal sealed partial class AccessGate(RequestDelegate next, Callers callers, RateLimits limits, Denials denials, IOptions<ApiOptions> options, ILogger<AccessGate> logger)
{
    private const string Scheme = "Bearer ";

    public async Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        var demand = endpoint?.Metadata.GetMetadata<Demand>();
        var door = options.Value.IsTaskDoor(context.Connection);
        if (endpoint is null || (demand is Demand.Nothing && !door))
        {
            await next(context);
            return;
        }

        var shown = Read(context.Request);
        // A task's own token is looked at wherever it is shown: it says what its task may do, and when that is over.
        if (!options.Value.AsksForTokens && !door && !(shown.IsOk && shown.Value.IsOfRun))
        {
            await EnterAsync(context, endpoint, demand, Caller.Anybody);
            return;
        }

        if (door && shown.IsOk && !shown.Value.IsOfRun) shown = OnlyTasks;
        var known = await KnowAsync(context, shown);
        if (!known.IsOk)
        {
            // Who shows nothing is no news; who shows what was a token, or looks like one, may be.
            if (context.Request.Headers.Authorization.Count > 0 && known.Error.Kind is not ErrorKind.Limited) await denials.NoteAsync(context, known.Error, shown: shown.IsOk ? shown.Value.Key : null);
            await known.Error.ToProblem().ExecuteAsync(context);
            return;
        }

        using (callers.Attend(known.Value, context.Abort)) await EnterAsync(context, endpoint, demand, known.Value.Caller);
    }

    /// <summary>
    /// Who shows that. An address from which much comes that is not let in has to wait before more is looked up for it; not so for tokens that
    /// were good a moment ago: a proxy's address is that of all behind it.
    /// </summary>
    private async Task<Result<KnownToken>> KnowAsync(HttpContext context, Result<Credential> shown)
    {
        var address = context.Connection.RemoteIpAddress;
        if (!(shown.IsOk && callers.IsFamiliar(shown.Value)) && limits.OfStranger(address) is { } refused) return refused;
        var known = shown.IsOk ? await callers.FindAsync(shown.Value, context.RequestAborted) : shown.Error;
        if (!known.IsOk)
        {
            if (known.Error.Kind is ErrorKind.Unauthenticated or ErrorKind.Forbidden) limits.NoteStranger(address);
            return known;
        }

        return limits.OfCaller(known.Value.Caller) is { } limited ? limited : known;
    }

    private async Task EnterAsync(HttpContext context, Endpoint endpoint, Demand? demand, Caller caller)
    {
        // Who may not ask for a namespace takes nothing from those who may.
        if ((Refuse(context, endpoint, demand, caller) ?? Limit(context, caller)) is { } refused)
        {
            if (refused.Kind is not ErrorKind.Limited) await denials.NoteAsync(context, refused, caller);
            await refused.ToProblem().ExecuteAsync(context);
            return;
        }

        context.RequestServices.GetRequiredService<CurrentCaller>().Caller = caller;
        await next(context);
    }

    private Error? Limit(HttpContext context, Caller caller) => context.GetRouteValue("namespace") is string @namespace ? limits.OfNamespace(caller, @namespace) : null;

    private Error? Refuse(HttpContext context, Endpoint endpoint, Demand? demand, Caller caller)
    {
        switch (demand)
        {
            case Demand.Nothing when caller.Run is not null && !HttpMethods.IsGet(context.Request.Method): // at the door of tasks
                return new Error(ErrorKind.Forbidden, ErrorCodes.Forbidden, "The token of a task is for its own run alone.");
            case Demand.Nothing:
            case Demand.Identity:
            case null when endpoint is not RouteEndpoint: // the framework's own, which says that there is no such method
                return null;
            case Demand.Permission wanted when context.GetRouteValue("namespace") is string @namespace:
                if (!caller.Grants.Sees(@namespace)) return new Error(ErrorKind.NotFound, ErrorCodes.NamespaceNotFound, $"No namespace {Shown.Quoted(@namespace)}.");
                if (!caller.Grants.Allow(wanted.Resource, wanted.Verb, @namespace)) return Refusals.In(@namespace, wanted.Resource, wanted.Verb);
                return caller.Run is { } run ? Elsewhere(context, run) : null;
            case Demand.Permission wanted:
                return caller.Grants.AllowEverywhere(wanted.Resource, wanted.Verb) ? null : Refusals.Everywhere(wanted.Resource, wanted.Verb);
            default:
                Log.SaysNothing(logger, endpoint.DisplayName);
                return new Error(ErrorKind.Forbidden, ErrorCodes.Forbidden, "This route does not say who may use it, so nobody may. This is the server's fault.");
        }
    }

    /// <summary>What is said to a task that asks for more than its own run; null where it does not.</summary>
    private static Error? Elsewhere(HttpContext context, RunReach reach)
    {
        if (context.GetRouteValue("run") is not string run) return new Error(ErrorKind.Forbidden, ErrorCodes.Forbidden, "The token of a task is for its own run alone.");
        var own = reach.Run.ToString(CultureInfo.InvariantCulture);
        return context.GetRouteValue("pipeline") is string pipeline && pipeline == reach.Pipeline && run == own
            ? null
            : new Error(ErrorKind.NotFound, ErrorCodes.RunNotFound, $"There is only run {own} of '{reach.Pipeline}' for this token; name it by its number.");
    }

    private static Error OnlyTasks { get; } = new(ErrorKind.Unauthenticated, ErrorCodes.Unauthenticated, "Only tasks are let in here, with the tokens that they were given.");

    /// <summary>What the request shows.</summary>
    internal static Result<Credential> Read(HttpRequest request)
    {
        var headers = request.Headers.Authorization;
        if (headers.Count == 0) return new Error(ErrorKind.Unauthenticated, ErrorCodes.Unauthenticated, "A token is wanted: send 'Authorization: Bearer gof_…'.");
        return headers is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && Credential.Parse(header[Scheme.Length..].Trim()) is { } shown
            ? shown
            : new Error(ErrorKind.Unauthenticated, ErrorCodes.Unauthenticated, "What was sent as Authorization is no token; send one as 'Bearer gof_…'.");
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "{Endpoint} does not say what it demands of callers, so it is closed to all")]
        public static partial void SaysNothing(ILogger logger, string? endpoint);
    }
}

/// <summary>What is said to callers whose token allows less than they ask.</summary>
internal static class Refusals
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
