using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Gofer.Client;

/// <summary>Whose object is meant: a run's, or with no run the pipeline's; <paramref name="Run"/> is a number or <c>latest</c>.</summary>
public sealed record ObjectOwner(string Namespace, string Pipeline, string? Run = null);

/// <summary>The bytes of an object as they come; dispose of it to let the connection go.</summary>
public sealed class ObjectContent : IDisposable
{
    private readonly HttpResponseMessage _response;

    internal ObjectContent(HttpResponseMessage response, Stream stream) => (_response, Stream) = (response, stream);

    /// <summary>The bytes. A connection that breaks before the last of them is an error of the read.</summary>
    public Stream Stream { get; }

    /// <summary>How many bytes there are.</summary>
    public long? Length => _response.Content.Headers.ContentLength;

    /// <summary>The digest of the whole object, 64 hexadecimal digits.</summary>
    public string Sha256 => _response.Headers.ETag?.Tag.Trim('"') ?? "";

    /// <inheritdoc/>
    public void Dispose()
    {
        Stream.Dispose();
        _response.Dispose();
    }
}

/// <summary>The bytes of objects, streamed both ways: memory is constant, whatever their size. A refusal is an <see cref="Refit.ApiException"/>.</summary>
public sealed class GoferObjects(HttpClient http)
{
    internal const string Bytes = "application/octet-stream";

    /// <summary>The bytes of an object, from <paramref name="from"/> on where that is given.</summary>
    public async Task<ObjectContent> GetAsync(ObjectOwner owner, string key, long? from = null, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Path(owner, key));
        if (from is { } start) request.Headers.Range = new RangeHeaderValue(start, null);
        var response = await SendAsync(request, cancellationToken);
        return new ObjectContent(response, await response.Content.ReadAsStreamAsync(cancellationToken));
    }

    /// <summary>
    /// Makes an object of what the stream has, or gives it these bytes; with <paramref name="onlyNew"/> only where there is none. With its
    /// <paramref name="length"/> one that is too long is refused before it is sent. An <see cref="HttpClient.Timeout"/> counts while it is sent:
    /// <see cref="GoferClientServices"/> makes a client that has none for these.
    /// </summary>
    public async Task<PutObjectView> PutAsync(ObjectOwner owner, string key, Stream content, bool onlyNew = false, long? length = null, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, Path(owner, key)) { Content = new StreamContent(content) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(Bytes);
        if (length is { } known) request.Content.Headers.ContentLength = known;
        // A refusal that needs no bytes comes before them.
        request.Headers.ExpectContinue = true;
        if (onlyNew) request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Any);
        using var response = await SendAsync(request, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        return (await JsonSerializer.DeserializeAsync<PutObjectView>(body, GoferClient.Json, cancellationToken))!;
    }

    private static string Path(ObjectOwner owner, string key) => string.Create(
        CultureInfo.InvariantCulture,
        $"/api/v1/namespaces/{PathValues.Segment(owner.Namespace)}/pipelines/{PathValues.Segment(owner.Pipeline)}{(owner.Run is { } run ? $"/runs/{PathValues.Segment(run)}" : "")}/objects/{PathValues.Segment(key)}");

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode) return response;
        using (response) throw await Refit.ApiException.Create(request, request.Method, response, new Refit.RefitSettings());
    }
}
