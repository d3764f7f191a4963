using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres;
using Microsoft.AspNetCore.Http;

namespace Gofer.Api.Http;

/// <summary>Answers 503 on every route of the API until the database was opened for the first time: before that nothing is known, not even whether it fits.</summary>
internal sealed class UntilOpen(RequestDelegate next, GoferDatabase database, DatabaseWatch watch)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (database.IsOpen || !context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            await next(context);
            return;
        }

        var why = await watch.ComplaintAsync(context.RequestAborted);
        await new Error(ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable, $"The server waits for its database. {why}").ToProblem().ExecuteAsync(context);
    }
}
