using System.Text.Json;
using System.Text.RegularExpressions;
using Gofer.Application.Common;
using Gofer.Application.Objects;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Gofer.Api.Http;

/// <summary>Turns what was thrown, and what the framework refused without a body, into problem documents.</summary>
internal sealed partial class Failures(RequestDelegate next, DatabaseWatch database, ILogger<Failures> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return; // the client left
        }
        catch (IOException) when (context.RequestAborted.IsCancellationRequested)
        {
            return; // the client left in the middle of what it sent or read
        }
        catch (Exception e) when (context.Response.HasStarted && (IsDatabase(e) || e is StoreUnavailableException or ObjectGoneException))
        {
            // A stream cannot turn into an answer any more: it is cut, and its reader goes on from the last event or byte.
            if (IsDatabase(e)) database.Suspect();
            context.Abort();
            return;
        }
        // The last line of defence: whatever it is becomes an answer and a log entry.
#pragma warning disable CA1031
        catch (Exception e) when (!context.Response.HasStarted)
#pragma warning restore CA1031
        {
            var error = ErrorOf(e);
            if (IsDatabase(e)) database.Suspect();
            if (error.Code == ErrorCodes.InternalError) Log.Failed(logger, e, context.Request.Method, context.Request.Path);
            context.Response.Clear();
            await error.ToProblem().ExecuteAsync(context);
            return;
        }

        if (!context.Response.HasStarted && context.Response.ContentType is null && context.Response.ContentLength is null
            && Unsaid(context) is { } unsaid)
        {
            await unsaid.ToProblem().ExecuteAsync(context);
        }
    }

    private static Error? Unsaid(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => new Error(
            ErrorKind.NotFound, ErrorCodes.RouteNotFound, $"There is no {Shown.Quoted(context.Request.Path)} here. '/swagger' lists what there is."),
        StatusCodes.Status405MethodNotAllowed => new Error(
            ErrorKind.Malformed, ErrorCodes.MethodNotAllowed,
            $"{context.Request.Method} is not possible here; possible are {context.Response.Headers.Allow}."),
        StatusCodes.Status415UnsupportedMediaType => RawBody.NotJson(context),
        StatusCodes.Status400BadRequest => Error.Malformed("", "The request could not be read."),
        _ => null,
    };

    private static Error ErrorOf(Exception e) => e switch
    {
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new Error(
            ErrorKind.TooLarge, ErrorCodes.PayloadTooLarge, "The body is larger than the most that is taken here."),
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => new Error(
            ErrorKind.Malformed, ErrorCodes.RequestTimeout, "The body came too slowly, or stopped. Send it again."),
        BadHttpRequestException bad => Parameter(bad),
        DbUpdateConcurrencyException => new Error(
            ErrorKind.Stale, ErrorCodes.PreconditionFailed, "Somebody else changed it at the same moment. Read it again before you change it."),
        StoreUnavailableException store => new Error(ErrorKind.Unavailable, ErrorCodes.StoreUnavailable, $"The store does not answer; try again. {store.Message}"),
        ObjectGoneException gone => new Error(ErrorKind.NotFound, ErrorCodes.ObjectNotFound, $"{gone.Message} Read it again."),
        PostgresException { SqlState: "22021" or "22P05" } => Error.Malformed("", "The request holds a character that no text may hold, such as NUL."),
        _ when IsDatabase(e) => new Error(ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable, "The database does not answer. Nothing is lost; try again."),
        OperationCanceledException => new Error(ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable, "The server is stopping. Try again."),
        _ => new Error(ErrorKind.Defect, ErrorCodes.InternalError, "The server failed; this is its fault. Its log has more under the trace id."),
    };

    private static bool IsDatabase(Exception e) => e is not StoreUnavailableException && (DatabaseTrouble.IsAway(e) || DatabaseTrouble.IsRefusal(e));

    private static Error Parameter(BadHttpRequestException e)
    {
        var match = BindingFailure().Match(e.Message);
        if (!match.Success) return Error.Malformed("", e.Message);
        // The framework names the property; the caller wrote the parameter.
        var name = JsonNamingPolicy.SnakeCaseLower.ConvertName(match.Groups[1].Value);
        return Error.Malformed($"/{name}", $"The parameter '{name}' cannot be {Shown.Quoted(match.Groups[2].Value)}.");
    }

    [GeneratedRegex("""^Failed to bind parameter ".* (\w+)" from "(.*)"\.$""", RegexOptions.Singleline | RegexOptions.NonBacktracking)]
    private static partial Regex BindingFailure();

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
        public static partial void Failed(ILogger logger, Exception e, string method, string path);
    }
}
