using System.Net;
using Gofer.Domain.Common;
using Microsoft.AspNetCore.Http;

namespace Gofer.Api.Http;

/// <summary>
/// Without authentication only this machine may ask, and only on purpose: a page of another origin, or a name that somebody pointed at
/// the loopback address, is refused.
/// </summary>
internal sealed class LocalOnly(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
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
