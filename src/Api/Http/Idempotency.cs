using System.Security.Cryptography;
using System.Text;
using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Microsoft.AspNetCore.Http;

namespace Gofer.Api.Http;

/// <summary>The <c>Idempotency-Key</c> of a request: 1–255 visible ASCII characters, or none.</summary>
public sealed class IdempotencyHeader : IReadParameter
{
    /// <summary>The header.</summary>
    public const string Name = "Idempotency-Key";

    /// <summary>The header of an answer that an earlier request got first.</summary>
    public const string Replayed = "Idempotency-Replayed";

    private readonly string? _key;

    private IdempotencyHeader(string? key, Error? error) => (_key, Error) = (key, error);

    /// <inheritdoc/>
    public Error? Error { get; }

    /// <summary>Reads the header.</summary>
    public static ValueTask<IdempotencyHeader?> BindAsync(HttpContext context)
    {
        string? key = context.Request.Headers[Name];
        var error = key is null || (key.Length is > 0 and <= 255 && key.All(c => c is > ' ' and < '\x7f'))
            ? null
            : Error.Invalid("", $"{Name} must be 1 to 255 visible ASCII characters.");
        return ValueTask.FromResult<IdempotencyHeader?>(new IdempotencyHeader(key, error));
    }

    /// <summary>The claim of this request; null without a key. Equal are only query and body as received.</summary>
    public IdempotencyClaim? Claim(HttpContext context, string @namespace, ReadOnlyMemory<byte> body)
    {
        if (_key is null) return null;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(context.Request.QueryString.Value ?? ""));
        hash.AppendData([0]);
        hash.AppendData(body.Span);
        return new IdempotencyClaim($"{@namespace} {context.Request.Method} {context.Request.Path}", _key, hash.GetHashAndReset());
    }
}

/// <summary>An answer with its body as it was rendered when the work was done.</summary>
internal sealed class StoredResult(CreateAnswer answer) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = answer.Answer.Status;
        response.ContentType = "application/json; charset=utf-8";
        if (answer.Answer.Location is { } location) response.Headers.Location = location;
        if (answer.Replayed) response.Headers[IdempotencyHeader.Replayed] = "true";
        await response.WriteAsync(answer.Answer.Body, httpContext.RequestAborted);
    }
}
