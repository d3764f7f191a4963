using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using Gofer.Domain.Secrets;
using Gofer.Infrastructure.Outbound;

namespace Gofer.Infrastructure.Notifications;

/// <summary>
/// Makes one attempt of a delivery and judges what came of it. It calls what <see cref="OutboundHttp"/> calls and follows no redirect; the status alone decides, so a
/// target that says yes and then stands still has had it. Safe to share.
/// </summary>
public sealed class NotificationSender : IDisposable
{
    /// <summary>Characters of an answer that are kept.</summary>
    public const int KeptCharacters = 500;

    /// <summary>Bytes of an answer that are read.</summary>
    public const int ReadBytes = 4096;

    /// <summary>A part of a secret address that long is looked for in answers by itself.</summary>
    private const int LongPart = 16;

    private readonly OutboundHttp _http;
    private readonly ProductInfoHeaderValue _agent;
    private readonly TimeProvider _time;

    /// <summary>A sender that may call <paramref name="allowed"/> beside the public internet.</summary>
    /// <param name="allowed">What the operator allows.</param>
    /// <param name="version">This program's, which targets are told.</param>
    /// <param name="time">The clock that signatures go by.</param>
    /// <param name="timeout">How long one attempt may take; <see cref="Timeout"/> where it is null.</param>
    /// <param name="resolve">Asked for addresses in place of DNS.</param>
    public NotificationSender(
        AllowedHosts allowed, string version, TimeProvider time, TimeSpan? timeout = null, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        _http = new OutboundHttp(allowed, new OutboundLimits { Total = timeout ?? Timeout, Body = ReadBytes, StatusSuffices = true }, resolve);
        (_agent, _time) = (new ProductInfoHeaderValue("gofer", version), time);
    }

    /// <summary>How long one attempt may take, from the first step to the last byte that is read.</summary>
    public static TimeSpan Timeout { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Makes one attempt. Throws only where <paramref name="cancellationToken"/> says so.</summary>
    public async Task<DeliveryResult> SendAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        if (NotificationUrl.Read(delivery.Url) is var url && !url.IsOk) return new DeliveryResult(DeliveryOutcome.Refused, null, $"The address {url.Error.Message}");
        using var request = Request(delivery, url.Value);
        try
        {
            var answer = await _http.SendAsync(request, cancellationToken);
            return Judge(answer, delivery, url.Value);
        }
        catch (OutboundException e)
        {
            return new DeliveryResult(e.IsRefused ? DeliveryOutcome.Refused : DeliveryOutcome.Retry, null, e.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(Delivery delivery, Uri url)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ReadOnlyMemoryContent(delivery.Body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.Add(_agent);
        var id = delivery.Id.ToString();
        request.Headers.Add("Gofer-Delivery", id);
        request.Headers.Add("Gofer-Event", delivery.Event);
        request.Headers.Add("Idempotency-Key", id);
        if (delivery.Key is { } key) request.Headers.Add(GoferSignature.Header, GoferSignature.Of(Encoding.UTF8.GetBytes(key), _time.GetUtcNow(), delivery.Body.Span));
        return request;
    }

    private DeliveryResult Judge(OutboundAnswer answer, Delivery delivery, Uri url)
    {
        if (answer.Status is >= 300 and < 400) return new DeliveryResult(DeliveryOutcome.Failed, answer.Status, Redirected(answer, delivery, url));
        var outcome = answer.Status switch
        {
            >= 200 and < 300 => DeliveryOutcome.Delivered,
            408 or 425 or 429 or >= 500 => DeliveryOutcome.Retry,
            _ => DeliveryOutcome.Failed,
        };
        var said = Kept(answer, delivery, url);
        var message = string.Create(CultureInfo.InvariantCulture, $"Answered {answer.Status}{(said.Length == 0 ? "." : $": {said}")}");
        return new DeliveryResult(outcome, answer.Status, message, outcome == DeliveryOutcome.Retry ? RetryAfter(answer) : null);
    }

    /// <summary>Where a target is that moved, for whoever mends the notification. What a secret address leads to may hold the same secret, so of that the host is said alone.</summary>
    private static string Redirected(OutboundAnswer answer, Delivery delivery, Uri url)
    {
        if (answer.Location is not { } location || !Uri.TryCreate(url, location, out var target) || !target.IsAbsoluteUri)
        {
            return string.Create(CultureInfo.InvariantCulture, $"Answered {answer.Status}; redirects are not followed.");
        }

        var shown = target.GetComponents(delivery.HidesUrl ? UriComponents.SchemeAndServer : UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Answered {answer.Status} and points to {Shown.Cut(shown, KeptCharacters)}; redirects are not followed. The notification must name the address itself.");
    }

    /// <summary>The first characters of the answer, on one line and without what only this server and the target know.</summary>
    private static string Kept(OutboundAnswer answer, Delivery delivery, Uri url)
    {
        if (answer.Body.IsEmpty) return "";
        var text = Hidden(delivery, url).Mask(Encoding.UTF8.GetString(answer.Body.Span));
        var line = string.Concat(text.Select(c => IsShown(c) ? c : ' '));
        return Shown.Cut(string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)), KeptCharacters);
    }

    /// <summary>A page that says what it did not find says it with the address.</summary>
    private static MaskSet Hidden(Delivery delivery, Uri url)
    {
        var hidden = new List<string> { url.OriginalString, url.AbsoluteUri, url.PathAndQuery, url.Query.TrimStart('?') };
        if (delivery.HidesUrl) hidden.AddRange(url.Segments.Select(s => s.TrimEnd('/')).Where(s => s.Length >= LongPart).Append(url.AbsolutePath));
        // What is longer than all that is read cannot be in it.
        if (delivery.Key is { Length: <= ReadBytes } key) hidden.Add(key);
        return MaskSet.Of(hidden);
    }

    private static bool IsShown(char c) => char.GetUnicodeCategory(c) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    private TimeSpan? RetryAfter(OutboundAnswer answer)
    {
        var asked = answer.RetryAfter?.Delta ?? answer.RetryAfter?.Date - _time.GetUtcNow();
        return asked > RetrySchedule.Longest ? RetrySchedule.Longest : asked > TimeSpan.Zero ? asked : null;
    }
}
