using Microsoft.AspNetCore.Http;

namespace Gofer.Api.Http;

/// <summary>Answers HEAD wherever GET is answered, with the same headers; the server sends no body to one who asked so.</summary>
internal sealed class Head(RequestDelegate next)
{
    /// <summary>Whether headers are all that is wanted, so nothing long need be read and nothing followed.</summary>
    public static bool IsAsked(HttpContext context) => context.Items.ContainsKey(typeof(Head));

    public Task InvokeAsync(HttpContext context)
    {
        if (HttpMethods.IsHead(context.Request.Method))
        {
            context.Items[typeof(Head)] = true;
            context.Request.Method = HttpMethods.Get;
        }

        return next(context);
    }
}
