using Gofer.Application.Common;
using Gofer.Domain.Common;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Gofer.Api.Http;

/// <summary>The usual ways from a result to an answer.</summary>
internal static class Answers
{
    /// <summary>200 with the value, or the problem.</summary>
    public static Results<Ok<T>, Problem> Answer<T>(this Result<T> result) => result.IsOk ? TypedResults.Ok(result.Value) : result.Error.ToProblem();

    /// <summary>204, or the problem.</summary>
    public static Results<NoContent, Problem> Answer(this Result result) => result.IsOk ? TypedResults.NoContent() : result.Error.ToProblem();

    /// <summary>200 with the view and its entity tag, or the problem.</summary>
    public static Results<Ok<T>, Problem> Answer<T>(this Result<Tagged<T>> result, HttpContext context)
    {
        if (!result.IsOk) return result.Error.ToProblem();
        context.Response.Headers.ETag = result.Value.Tag;
        return TypedResults.Ok(result.Value.View);
    }

    /// <summary>The entity tag that the caller demands, or null.</summary>
    public static string? IfMatch(this HttpContext context) => context.Request.Headers.IfMatch is { Count: > 0 } tags ? tags.ToString() : null;
}
