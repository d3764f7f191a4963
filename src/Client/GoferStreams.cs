using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gofer.Client;

/// <summary>One line of output; <see cref="Text"/>, or <see cref="Base64"/> where the bytes are not UTF-8; <see cref="Eol"/> says whether its end is there.</summary>
public sealed record LogLine
{
    /// <summary>The task that wrote it.</summary>
    [JsonPropertyName("task")]
    public string Task { get; init; } = "";

    /// <summary>The task's attempt.</summary>
    [JsonPropertyName("attempt")]
    public int Attempt { get; init; }

    /// <summary><c>stdout</c> or <c>stderr</c>.</summary>
    [JsonPropertyName("stream")]
    public string Stream { get; init; } = "";

    /// <summary>The line's number in its attempt, from 1.</summary>
    [JsonPropertyName("seq")]
    public long Seq { get; init; }

    /// <summary>When it was stored.</summary>
    [JsonPropertyName("time")]
    public DateTimeOffset Time { get; init; }

    /// <summary>The line, without its end.</summary>
    [JsonPropertyName("text")]
    public string? Text { get; init; }

    /// <summary>The line's bytes, where they are not UTF-8.</summary>
    [JsonPropertyName("base64")]
    public string? Base64 { get; init; }

    /// <summary>Whether the line's end is there.</summary>
    [JsonPropertyName("eol")]
    public bool Eol { get; init; }

    /// <summary>The line's bytes, without its end.</summary>
    public byte[] ToBytes() => Base64 is { } base64 ? Convert.FromBase64String(base64) : global::System.Text.Encoding.UTF8.GetBytes(Text ?? "");
}

/// <summary>One change of a followed run: the run, or one of its tasks, as it is now.</summary>
public sealed record RunUpdate(RunView? Run, TaskView? Task);

/// <summary>
/// Event streams. A connection that breaks, or that the server closes before the end, is made again from the last event after a pause that
/// grows, so nothing is missed and nothing comes twice; the enumeration ends when what is followed has ended. Six connections in a row that
/// bring nothing are an error.
/// </summary>
public sealed class GoferStreams(HttpClient http, TimeProvider? clock = null)
{
    private const int MostFailures = 5;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    /// <summary>A run and its tasks as they change.</summary>
    public async IAsyncEnumerable<RunUpdate> RunAsync(
        string @namespace, string pipeline, string run, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var item in FollowAsync($"{Path(@namespace, pipeline, run)}?follow=true", cancellationToken))
        {
            if (item.EventType == "run") yield return new RunUpdate(Read<RunView>(item), null);
            else if (item.EventType == "task") yield return new RunUpdate(null, Read<TaskView>(item));
        }
    }

    /// <summary>A run's events in order, each once.</summary>
    public async IAsyncEnumerable<EventView> EventsAsync(
        string @namespace, string pipeline, string run, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var item in FollowAsync($"{Path(@namespace, pipeline, run)}/events?follow=true", cancellationToken)) yield return Read<EventView>(item);
    }

    /// <summary>The output of a run, or of one task of it, line by line.</summary>
    public async IAsyncEnumerable<LogLine> LogsAsync(
        string @namespace, string pipeline, string run, string? task = null, int? tail = null, string? stream = null, int? attempt = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var path = Path(@namespace, pipeline, run) + (task is null ? "/logs" : $"/tasks/{PathValues.Segment(task)}/logs") + "?follow=true";
        if (tail is { } lines) path += string.Create(CultureInfo.InvariantCulture, $"&tail={lines}");
        if (attempt is { } n) path += string.Create(CultureInfo.InvariantCulture, $"&attempt={n}");
        if (stream is not null) path += $"&stream={Uri.EscapeDataString(stream)}";
        await foreach (var item in FollowAsync(path, cancellationToken)) yield return Read<LogLine>(item);
    }

    /// <summary>The audit log from now on, in order and each entry once, without an end; types that begin so, and about that namespace, where they are given.</summary>
    public async IAsyncEnumerable<AuditView> AuditAsync(
        string? type = null, string? @namespace = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var path = "/api/v1/audit?follow=true";
        if (type is not null) path += $"&type={Uri.EscapeDataString(type)}";
        if (@namespace is not null) path += $"&namespace={Uri.EscapeDataString(@namespace)}";
        await foreach (var item in FollowAsync(path, cancellationToken))
        {
            if (item.EventType == "audit") yield return Read<AuditView>(item);
        }
    }

    private async IAsyncEnumerable<SseItem<string>> FollowAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? last = null;
        for (var failures = 0; ;)
        {
            Exception? broken = null;
            var since = _clock.GetTimestamp();
            await using (var items = ReadAsync(path, last, cancellationToken).GetAsyncEnumerator(cancellationToken))
            {
                while (true)
                {
                    try
                    {
                        if (!await items.MoveNextAsync()) break;
                    }
                    catch (Exception e) when (!cancellationToken.IsCancellationRequested && IsBroken(e))
                    {
                        broken = e;
                        break;
                    }

                    failures = 0;
                    if (items.Current.EventType == "end") yield break;
                    last = items.Current.EventId ?? last;
                    yield return items.Current;
                }
            }

            // Closed without an end is as good as broken: the server stops, or something between here and there gave up.
            if (_clock.GetElapsedTime(since) > LongestPause) failures = 0;
            failures++;
            // A server that never answered is away; one that did may be back in a moment.
            if (failures > MostFailures || (last is null && failures > 1 && broken is HttpRequestException { StatusCode: null }))
            {
                throw broken ?? new HttpRequestException(HttpRequestError.ResponseEnded, "It closes the stream again and again before its end.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(LongestPause.TotalMilliseconds, 200 * Math.Pow(2, failures))), _clock, cancellationToken);
        }
    }

    private static bool IsBroken(Exception e) => e switch
    {
        Refit.ApiException refused => refused.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout,
        HttpRequestException http => http.StatusCode is null,
        _ => e is IOException,
    };

    private async IAsyncEnumerable<SseItem<string>> ReadAsync(string path, string? last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (last is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", last);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw await Refit.ApiException.Create(request, HttpMethod.Get, response, new Refit.RefitSettings());
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken)) yield return item;
    }

    private static T Read<T>(SseItem<string> item) => JsonSerializer.Deserialize<T>(item.Data, GoferClient.Json)!;

    private static string Path(string @namespace, string pipeline, string run) =>
        $"/api/v1/namespaces/{PathValues.Segment(@namespace)}/pipelines/{PathValues.Segment(pipeline)}/runs/{PathValues.Segment(run)}";
}
