using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Gofer.Api.Docs;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Microsoft.AspNetCore.Http;

namespace Gofer.Api.Http;

/// <summary>
/// An error as RFC 9457 <c>application/problem+json</c>: a stable <c>code</c>, <c>errors</c> from JSON pointer to complaints where the input is
/// wrong, and the <c>trace_id</c> under which the server's log has more.
/// </summary>
public sealed class Problem(Error error) : IResult, IStatusCodeHttpResult
{
    /// <summary>What it says.</summary>
    internal Error Error => error;

    /// <summary>The HTTP status of the error's kind.</summary>
    public int? StatusCode => error.Code switch
    {
        ErrorCodes.MethodNotAllowed => StatusCodes.Status405MethodNotAllowed,
        ErrorCodes.RequestTimeout => StatusCodes.Status408RequestTimeout,
        ErrorCodes.UnsupportedMediaType => StatusCodes.Status415UnsupportedMediaType,
        _ => error.Kind switch
        {
            ErrorKind.Malformed => StatusCodes.Status400BadRequest,
            ErrorKind.Invalid => StatusCodes.Status422UnprocessableEntity,
            ErrorKind.Unauthenticated => StatusCodes.Status401Unauthorized,
            ErrorKind.Forbidden => StatusCodes.Status403Forbidden,
            ErrorKind.NotFound => StatusCodes.Status404NotFound,
            ErrorKind.Conflict => StatusCodes.Status409Conflict,
            ErrorKind.Stale => StatusCodes.Status412PreconditionFailed,
            ErrorKind.Gone => StatusCodes.Status410Gone,
            ErrorKind.Limited => StatusCodes.Status429TooManyRequests,
            ErrorKind.TooLarge => StatusCodes.Status413PayloadTooLarge,
            ErrorKind.Defect => StatusCodes.Status500InternalServerError,
            _ => StatusCodes.Status503ServiceUnavailable,
        },
    };

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = StatusCode!.Value;
        response.ContentType = "application/problem+json";
        if (error.Kind == ErrorKind.Unauthenticated) response.Headers.WWWAuthenticate = "Bearer";
        if (error.RetryAfter is not null || error.Kind is ErrorKind.Unavailable or ErrorKind.Limited)
        {
            response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(error.RetryAfter?.TotalSeconds ?? 0)).ToString(CultureInfo.InvariantCulture);
        }

        var body = new ProblemBody(
            DocsEndpoints.AddressOf(error.Code), error.Message, response.StatusCode, error.Code,
            error.Faults?.GroupBy(f => f.Pointer).ToDictionary(g => g.Key, g => g.Select(f => f.Message).ToArray()),
            Activity.Current?.TraceId.ToHexString() ?? httpContext.TraceIdentifier);
        await JsonSerializer.SerializeAsync(response.Body, body, GoferJson.Options, httpContext.RequestAborted);
    }
}

/// <summary>The members of every problem document.</summary>
/// <param name="Type">The address of the page that explains the code, relative to the server.</param>
/// <param name="Title">What is wrong and what to do, in a sentence or two.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">The stable code.</param>
/// <param name="Errors">JSON pointer to complaints, where the input is wrong.</param>
/// <param name="TraceId">Names the request in the server's log.</param>
public sealed record ProblemBody(string Type, string Title, int Status, string Code, IReadOnlyDictionary<string, string[]>? Errors, string TraceId);

/// <summary>Makes problems of errors.</summary>
internal static class Problems
{
    /// <summary>The problem document of an error.</summary>
    public static Problem ToProblem(this Error error) => new(error);
}
