using System.Net;

namespace Gofer.Client;

/// <summary>
/// Sends a request again that the server put off (429), after the time that it names: one that does no more when it comes twice, and that is
/// not made of bytes which can be read only once. Five times at most, none of them after a wait of more than ten seconds; then the refusal is the answer.
/// </summary>
public sealed class RateLimitRetries(TimeProvider? clock = null) : DelegatingHandler
{
    private const int Most = 5;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        for (var retries = 0; ; retries++)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode != HttpStatusCode.TooManyRequests || retries == Most || !IsRepeatable(request)) return response;
            if (response.Headers.RetryAfter?.Delta is not { } wait || wait > s_longest) return response;
            response.Dispose();
            await Task.Delay(wait, _clock, cancellationToken);
        }
    }

    private static bool IsRepeatable(HttpRequestMessage request) =>
        (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head || request.Method == HttpMethod.Put || request.Method == HttpMethod.Delete || request.Headers.Contains("Idempotency-Key"))
        && request.Content?.Headers.ContentType?.MediaType != GoferObjects.Bytes;
}
