using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Client;

/// <summary>Where the server is, and who calls it.</summary>
public sealed class GoferClientOptions
{
    /// <summary>The server's address.</summary>
    public Uri Server { get; set; } = new("http://127.0.0.1:8080");

    /// <summary>The token that is shown to the server; null shows none, as <c>gofer dev</c> wants none.</summary>
    public string? Token { get; set; }

    /// <summary>How long an answer may take; streams are not bounded by it.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(100);
}

/// <summary>Registers the client.</summary>
public static class GoferClientServices
{
    /// <summary>Adds <see cref="GoferClient"/> over a pooled handler, with <see cref="RateLimitRetries"/>; the answer lets handlers such as retries be added.</summary>
    public static IHttpClientBuilder AddGoferClient(this IServiceCollection services, Action<GoferClientOptions>? configure = null)
    {
        var options = new GoferClientOptions();
        configure?.Invoke(options);
        return services.AddHttpClient<GoferClient>(http =>
        {
            http.BaseAddress = options.Server;
            if (options.Token is { } token) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            http.Timeout = System.Threading.Timeout.InfiniteTimeSpan;
        }).AddHttpMessageHandler(() => new AnswerLimit(options.Timeout)).AddHttpMessageHandler(() => new RateLimitRetries());
    }

    /// <summary>Bounds how long an answer takes; not that of an upload, which is as long as its bytes are on their way.</summary>
    private sealed class AnswerLimit(TimeSpan limit) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Content?.Headers.ContentType?.MediaType == GoferObjects.Bytes) return await base.SendAsync(request, cancellationToken);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            over.CancelAfter(limit);
            try
            {
                return await base.SendAsync(request, over.Token);
            }
            catch (OperationCanceledException e) when (over.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new TaskCanceledException($"There was no answer in {limit}.", new TimeoutException(e.Message, e));
            }
        }
    }
}
