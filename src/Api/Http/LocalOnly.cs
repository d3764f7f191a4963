using System.Net;
using Gofer.Api.Access;
using Gofer.Domain.Common;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Gofer.Api.Http;

/// <summary>
/// Without authentication only this machine may ask, and only on purpose: a page of another origin, or a name that somebody pointed at
/// the loopback address, is refused.
/// </summary>
internal sealed class LocalOnly(RequestDelegate next, IOptions<ApiOptions> options)
{
    public Task InvokeAsync(HttpContext context)
    {
        // Containers call it by the name that they see, such as host.docker.internal, and show the token of their task, which no page can know.
        if (options.Value.IsTaskDoor(context.Connection) || AccessGate.Read(context.Request) is { IsOk: true, Value.IsOfRun: true }) return next(context);
        var host = context.Request.Host;
        if (!IsLocal(host.Host)) return Refuse(context, "Host", host.Value);
        string? origin = context.Request.Headers.Origin;
        if (origin is not null && !(Uri.TryCreate(origin, UriKind.Absolute, out var uri) && IsLocal(uri.Host))) return Refuse(context, "Origin", origin);
        return next(context);
    }

    private static bool IsLocal(string host)
    {
        var name = host.Trim('[', ']');
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(name, out var address) && IPAddress.IsLoopback(address));
    }

    private static Task Refuse(HttpContext context, string what, string? value) => new Error(
        ErrorKind.Forbidden, ErrorCodes.ForeignOrigin,
        $"{what} is {Shown.Quoted(value ?? "missing")}; a server without authentication answers this machine only: use 127.0.0.1 or localhost.")
        .ToProblem().ExecuteAsync(context);
}
