using Microsoft.AspNetCore.Http;

namespace Gofer.Api.Http;

/// <summary>
/// Tells browsers what they may do with an answer, every answer, whoever makes it: read no other type into it, show it in no frame, let no page of
/// another origin have it, send nothing of its address on, keep no copy. What an endpoint said of these itself stands. No answer ever lets another
/// origin in: there is no CORS header.
/// </summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    /// <summary>What is data, not a page, loads nothing.</summary>
    private const string DataOnly = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>A year; of this host alone, since others of its domain are not Gofer's to decide on.</summary>
    private const string OnlyHttps = "max-age=31536000";

    public Task InvokeAsync(HttpContext context)
    {
        // At the last moment: an answer that turns into a problem loses the headers that it had.
        context.Response.OnStarting(
            static state =>
            {
                Complete((HttpContext)state);
                return Task.CompletedTask;
            },
            context);
        return next(context);
    }

    private static void Complete(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.TryAdd("X-Content-Type-Options", "nosniff");
        headers.TryAdd("Referrer-Policy", "no-referrer");
        headers.TryAdd("X-Frame-Options", "DENY");
        headers.TryAdd("Cross-Origin-Resource-Policy", "same-origin");
        headers.TryAdd("Cross-Origin-Opener-Policy", "same-origin");
        headers.TryAdd("Content-Security-Policy", DataOnly);
        headers.TryAdd("Cache-Control", "no-store");
        // A browser would take it for every port of a developer's own machine.
        if (context.Request.IsHttps && context.Request.Host.Host != "localhost") headers.TryAdd("Strict-Transport-Security", OnlyHttps);
    }
}
