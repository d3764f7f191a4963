using Gofer.Client;

namespace Gofer.Cli.Terminal;

/// <summary>
/// Sends requests as they are, again where the server puts them off, gives up on a server that does not take a connection within ten seconds, and says on a terminal that an answer
/// takes its time. A stream that is followed has a picture of its own there.
/// </summary>
internal sealed class PatientHandler(TextWriter? errors)
    : DelegatingHandler(new RateLimitRetries { InnerHandler = new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(10) } })
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        errors is null || request.Headers.Accept.Any(a => a.MediaType == "text/event-stream")
            ? base.SendAsync(request, cancellationToken)
            : Waiting.ForAsync(errors, $"waiting for {request.RequestUri!.GetLeftPart(UriPartial.Authority)}", () => base.SendAsync(request, cancellationToken));
}
