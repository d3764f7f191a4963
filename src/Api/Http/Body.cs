using System.Reflection;
using System.Text.Json;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace Gofer.Api.Http;

/// <summary>What a request body says, read by hand so that every fault is named at once, each with its JSON pointer.</summary>
public interface IBody<TSelf>
{
    /// <summary>The type whose schema the OpenAPI document shows.</summary>
    static virtual Type Schema => typeof(TSelf);

    /// <summary>Whether a request without a body is one with an empty object.</summary>
    static virtual bool IsOptional => false;

    /// <summary>Reads the body; what is wrong goes into <paramref name="faults"/>.</summary>
    static abstract TSelf? Read(JsonElement root, FaultList faults);
}

/// <summary>A parameter that may have come with an error; <see cref="BodyFilter"/> answers it before the endpoint runs.</summary>
public interface IReadParameter
{
    /// <summary>Why the request is refused, or null.</summary>
    Error? Error { get; }
}

/// <summary>A request's JSON body.</summary>
public sealed class Body<T> : IReadParameter, IEndpointParameterMetadataProvider
    where T : class, IBody<T>
{
    private readonly T? _value;

    private Body(T? value, Error? error, ReadOnlyMemory<byte> raw) => (_value, Error, Raw) = (value, error, raw);

    /// <inheritdoc/>
    public Error? Error { get; }

    /// <summary>The bytes as received.</summary>
    public ReadOnlyMemory<byte> Raw { get; }

    /// <summary>What the body says.</summary>
    public T Value => _value ?? throw new InvalidOperationException("The body was refused.");

    /// <summary>Reads the body under the limits of the API.</summary>
    public static async ValueTask<Body<T>?> BindAsync(HttpContext context)
    {
        var (raw, unreadable) = await RawBody.ReadAsync(context);
        if (unreadable is not null) return new Body<T>(null, unreadable, default);
        if (raw.Length == 0 && T.IsOptional) raw = "{}"u8.ToArray();
        else if (!context.Request.HasJsonContentType()) return new Body<T>(null, RawBody.NotJson(context), raw);

        try
        {
            using var json = JsonDocument.Parse(raw, new JsonDocumentOptions { MaxDepth = GoferJson.MaxDepth });
            var faults = new FaultList();
            var value = T.Read(json.RootElement, faults);
            return new Body<T>(value, faults.ToError(), raw);
        }
        catch (JsonException e)
        {
            return new Body<T>(null, RawBody.Unparsed(raw, e), raw);
        }
    }

    /// <inheritdoc/>
    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], T.Schema, T.IsOptional));
}

/// <summary>Reads bytes and says what is wrong with them.</summary>
internal static class RawBody
{
    /// <summary>The largest body that is not streamed.</summary>
    public const int Limit = 1024 * 1024;

    private static Error TooLarge(int limit) => new(ErrorKind.TooLarge, ErrorCodes.PayloadTooLarge, $"The body is larger than {limit} bytes, the most that is taken here.");

    public static async Task<(byte[] Raw, Error? Error)> ReadAsync(HttpContext context, int limit = Limit)
    {
        if (context.Request.ContentLength > limit) return ([], TooLarge(limit));
        var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await context.Request.Body.ReadAsync(chunk, context.RequestAborted)) > 0)
        {
            if (buffer.Length + read > limit) return ([], TooLarge(limit));
            buffer.Write(chunk, 0, read);
        }

        return (buffer.ToArray(), null);
    }

    public static Error NotJson(HttpContext context) => new(
        ErrorKind.Malformed, ErrorCodes.UnsupportedMediaType,
        $"The body must be application/json, not {Shown.Quoted(context.Request.ContentType ?? "nothing")}.");

    public static Error Unparsed(byte[] raw, JsonException e) => raw.Length == 0
        ? Error.Malformed("", "The body is empty; a JSON object is wanted.")
        : Error.Malformed("", $"The body is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {Reason(e)}");

    /// <summary>The parser's words without what it quotes of the body, which may be a secret that somebody sent as it is.</summary>
    private static string Reason(JsonException e)
    {
        var end = e.Message.LastIndexOf(" LineNumber:", StringComparison.Ordinal);
        var words = end > 0 ? e.Message[..end] : e.Message;
        if (!words.StartsWith('\'')) return words;
        // What follows the quoted text is the parser's own and quotes nothing: so the last such place ends it.
        var quoted = words.LastIndexOf("' is ", StringComparison.Ordinal);
        return quoted > 0 ? $"what stands there {words[(quoted + 2)..]}" : "it is malformed there.";
    }
}

/// <summary>Answers what was wrong with a parameter, so that no endpoint has to ask.</summary>
internal sealed class BodyFilter : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        foreach (var argument in context.Arguments)
        {
            if (argument is IReadParameter { Error: { } error }) return ValueTask.FromResult<object?>(error.ToProblem());
        }

        return next(context);
    }
}
