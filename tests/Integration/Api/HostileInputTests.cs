using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using CsCheck;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Documents;

namespace Gofer.Tests.Integration.Api;

/// <summary>Wrong input is answered with a problem document that names the member, on every route, and never with 5xx.</summary>
public sealed class HostileInputTests(GoferServer server, ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly string[] s_ids =
    [
        "a b", "%2e%2e", "..%2f..%2fetc", "%ff%fe", "%F0%9F%98%80", new('x', 64), new('x', 4000), "-a", "'; drop table gofer.runs; --", "%25", "a%0ab", "null",
        "9999999999999999999999", "-1", "0", "1.5", "1e3",
    ];

    private static readonly (string Name, string Value)[] s_queries =
    [
        ("limit", "0"), ("limit", "501"), ("limit", "-1"), ("limit", "abc"), ("limit", "99999999999"), ("limit", ""), ("cursor", "garbage"), ("cursor", "%00"), ("cursor", new('A', 5000)),
        ("state", "done"), ("state", "%00"), ("version", "x"), ("version", "-1"), ("version", "99999999999"), ("trigger", "%00"), ("label", "noequals"), ("label", "a:%00"),
        ("created_after", "yesterday"), ("created_before", "2026-13-45"), ("follow", "maybe"), ("force", "2"), ("deploy", "si"), ("dry_run", "%00"), ("against", "-1"), ("against", "new"),
        ("attempt", "zero"), ("attempt", "0"), ("tail", "-5"), ("tail", "many"), ("stream", "stdin"), ("stream", "%00"),
    ];

    private static readonly string?[] s_bodies =
    [
        "", "{", "nul", "[]", "null", "\"text\"", "12", "{\"nobody_knows_this\":1}", "{\"id\":5}", "{\"id\":\"a b\"}", "{\"id\":\"\\u0000\"}", "{\"description\":[]}", "{\"description\":\"\\u0000\"}", "{\"description\":\"\\ud800\"}",
        "{\"state\":\"asleep\"}", "{\"state\":7}", "{\"runs\":{}}", "{\"runs\":[]}", "{\"runs\":[7]}", "{\"variables\":[]}", "{\"variables\":{\"A\":7}}", "{\"variables\":{\"GOFER_X\":\"y\"}}", "{\"labels\":\"x\"}",
        "{\"version\":\"one\"}", "{\"version\":0}", "{\"version\":1e99}", "{\"reason\":7}", "{\"id\":\"x\",\"id\":\"y\"}", "{\"priority\":\"high\"}", "{\"params\":7}", "\u0001", "{\"a\":\"\u0001\"}",
        string.Concat(Enumerable.Repeat("[", 3000)), "{\"description\":\"" + new string('x', 100_000) + "\"}", "{\"description\":\"" + new string('x', 2_000_000) + "\"}",
    ];

    private Area _area = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _area = await server.AreaAsync();
        await _area.EndAsync(await _area.RunScriptAsync("p", "true"));
    }

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Two_hundred_hostile_documents_are_refused_with_the_member_or_are_good_after_all()
    {
        var outcomes = new ConcurrentDictionary<string, int>();
        await HostileDocuments.Texts.SampleAsync(
            async text =>
            {
                var answer = await _area.SendAsync(HttpMethod.Put, "pipelines/nightly?deploy=true", text);
                outcomes.AddOrUpdate(answer.Status is HttpStatusCode.OK or HttpStatusCode.Created ? "accepted" : answer.Code, 1, (_, n) => n + 1);
                if (answer.Status is HttpStatusCode.OK or HttpStatusCode.Created) return;
                Refused(answer, "PUT");
                Assert.NotEmpty(answer.Pointers);
            },
            iter: 300, threads: 2, print: t => t.Length > 2000 ? t[..2000] : t);
        output.WriteLine(string.Join(", ", outcomes.OrderBy(o => o.Key).Select(o => $"{o.Key}: {o.Value}")));
        Assert.True(outcomes.Where(o => o.Key != "accepted").Sum(o => o.Value) >= 200, "Too few of them were hostile.");
    }

    [Fact]
    public async Task Every_route_answers_a_wrong_id_a_wrong_parameter_and_a_wrong_body_with_a_problem()
    {
        var (sent, refused) = (0, 0);
        foreach (var (method, path, parameters, hasBody) in await OperationsAsync())
        {
            foreach (var name in parameters.Where(p => p.In == "path").Select(p => p.Name))
            {
                foreach (var id in s_ids) await TryAsync(method, Path(path, name, id), hasBody ? "{}" : null, mustRefuse: false);
            }

            var known = parameters.Where(p => p.In == "query").Select(p => p.Name).ToHashSet();
            foreach (var (name, value) in s_queries.Where(q => known.Contains(q.Name)))
            {
                var answer = await TryAsync(method, $"{Path(path)}?{name}={value}", hasBody ? "{}" : null, mustRefuse: value.Length > 0);
                if (value.Length > 0 && !hasBody) Assert.Contains($"/{name}", answer.Pointers);
            }

            if (!hasBody) continue;
            foreach (var body in s_bodies) await TryAsync(method, Path(path), body, mustRefuse: body is not "");
            await TryAsync(method, Path(path), "<x/>", mustRefuse: true, "application/xml");
            await TryAsync(method, Path(path), "a=b", mustRefuse: true, "application/x-www-form-urlencoded");
        }

        output.WriteLine($"{sent} requests, {refused} refused");
        Assert.True(sent > 1000);
        Assert.Equal(RunState.Succeeded, (await _area.EndAsync(await _area.RunAsync("p"))).State); // and the server works on

        async Task<Answer> TryAsync(string method, string path, string? body, bool mustRefuse, string type = "application/json")
        {
            sent++;
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            if (body is not null)
            {
                request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            }

            using var response = await _area.Http.SendAsync(request, Ct);
            var answer = new Answer(response.StatusCode, await response.Content.ReadAsStringAsync(Ct), response.Content.Headers.ContentType?.MediaType, null, null, false);
            var what = $"{method} {Short(path)} {Short(body)}";
            Assert.True((int)answer.Status < 500, $"{what}: {answer}");
            if ((int)answer.Status < 400)
            {
                Assert.False(mustRefuse, $"{what} was taken: {answer.Status}");
                return answer;
            }

            refused++;
            Refused(answer, what);
            return answer;
        }
    }

    [Theory]
    [InlineData("If-Match", "garbage")]
    [InlineData("If-Match", "W/\"1\"")]
    [InlineData("Content-Encoding", "gzip")]
    [InlineData("Accept", "image/png")]
    [InlineData("Idempotency-Key", " ")]
    [InlineData("Idempotency-Key", "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890")]
    [InlineData("Last-Event-ID", "no such id")]
    public async Task An_odd_header_never_breaks_a_route(string name, string value)
    {
        foreach (var (method, path, _, hasBody) in await OperationsAsync())
        {
            if (method == "DELETE" || path.EndsWith("/logs", StringComparison.Ordinal)) continue;
            var answer = await _area.SendAsync(new HttpMethod(method), Path(path), hasBody ? "{}" : null, (name, value));
            Assert.True((int)answer.Status < 500, $"{method} {path}: {answer}");
            if ((int)answer.Status >= 400) Refused(answer, $"{method} {path}");
        }
    }

    [Fact]
    public async Task A_body_without_a_length_is_read_up_to_the_limit_and_no_further()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"{_area.Path}/pipelines/p") { Headers = { TransferEncodingChunked = true } };
        request.Content = new StreamContent(new MemoryStream(new byte[3_000_000]));
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        using var response = await _area.Http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("1048576 bytes", await response.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    /// <summary>Kestrel refuses such a request line before any of our code sees it, so the answer has no body.</summary>
    [Fact]
    public async Task A_NUL_in_the_path_is_a_bad_request() =>
        Assert.Equal(HttpStatusCode.BadRequest, (await _area.SendAsync(HttpMethod.Get, "pipelines/%00")).Status);

    [Theory]
    [InlineData("nobody", "GET", 404, "route_not_found")]
    [InlineData("pipelines/p/nothing", "GET", 404, "route_not_found")]
    [InlineData("pipelines/p", "POST", 405, "method_not_allowed")]
    [InlineData("pipelines/p/explain", "GET", 404, "route_not_found")]
    public async Task What_is_not_there_says_so(string path, string method, int status, string code)
    {
        var answer = await _area.SendAsync(new HttpMethod(method), path);
        Assert.Equal((status, code), ((int)answer.Status, answer.Code));
        Refused(answer, path);
    }

    [Theory]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"i"},{"id":"a","image":"i"}]}""", "/tasks/1/id", "twice")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"i","depends_on":{"b":"success"}}]}""", "/tasks/0/depends_on/b", "b")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"i","depends_on":{"b":"any"}},{"id":"b","image":"i","depends_on":{"a":"any"}}]}""", "/tasks", "a → b → a")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"i","imgae":"j"}]}""", "/tasks/0/imgae", "image")]
    [InlineData("""{"id":"p","tasks":[{"id":"a b","image":"i"}]}""", "/tasks/0/id", "a b")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":5}]}""", "/tasks/0/image", "string")]
    public async Task A_bad_document_says_where_and_why(string document, string pointer, string said)
    {
        var answer = await _area.SendAsync(HttpMethod.Put, "pipelines/p", document);
        Assert.Contains(answer.Pointers, p => p.StartsWith(pointer, StringComparison.Ordinal));
        Assert.Contains(said, JsonSerializer.Deserialize<ProblemBody>(answer.Body)!.Errors!.First(e => e.Key.StartsWith(pointer, StringComparison.Ordinal)).Value[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_local_hosts_and_origins_are_answered_while_there_are_no_tokens()
    {
        foreach (var (name, value) in new[] { ("Host", "evil.example"), ("Origin", "https://evil.example"), ("Origin", "null") })
        {
            var answer = await _area.SendAsync(HttpMethod.Get, "/api/v1/system", null, (name, value));
            Assert.Equal((HttpStatusCode.Forbidden, "foreign_origin"), (answer.Status, answer.Code));
        }

        foreach (var origin in new[] { "http://localhost:3000", "http://127.0.0.1:1234" })
        {
            Assert.Equal(HttpStatusCode.OK, (await _area.SendAsync(HttpMethod.Get, "/api/v1/system", null, ("Origin", origin))).Status);
        }
    }

    private static void Refused(Answer answer, string what)
    {
        Assert.True((int)answer.Status is >= 400 and < 500, $"{what}: {answer}");
        Assert.True(answer.MediaType == "application/problem+json", $"{what}: {answer.MediaType} {answer}");
        var problem = JsonSerializer.Deserialize<ProblemBody>(answer.Body)!;
        Assert.True(problem is { Title.Length: > 0, Code.Length: > 0, TraceId.Length: > 0 }, $"{what}: {answer}");
        Assert.Equal((int)answer.Status, problem.Status);
        if (answer.Status == HttpStatusCode.UnprocessableEntity) Assert.NotEmpty(problem.Errors!);
    }

    /// <summary>Every operation of the served document; what is added to the API is under test from the first day.</summary>
    private async Task<List<Operation>> OperationsAsync()
    {
        var operations = new List<Operation>();
        var document = (await _area.SendAsync(HttpMethod.Get, "/openapi/v1.json")).Json;
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var parameters = operation.Value.TryGetProperty("parameters", out var given)
                    ? given.EnumerateArray().Select(p => (p.GetProperty("name").GetString()!, p.GetProperty("in").GetString()!)).ToList()
                    : [];
                operations.Add(new Operation(operation.Name.ToUpperInvariant(), path.Name, parameters, operation.Value.TryGetProperty("requestBody", out _)));
            }
        }

        Assert.True(operations.Count > 25);
        return operations;
    }

    /// <summary>The path with parameters that exist, one of them as <paramref name="value"/> has it. Nothing that exists is deleted.</summary>
    private string Path(string path, string? name = null, string? value = null)
    {
        foreach (var (parameter, good) in new[] { ("namespace", _area.Name), ("pipeline", "p"), ("run", "1"), ("task", "t"), ("version", "1") })
        {
            path = path.Replace($"{{{parameter}}}", parameter == name ? value : good, StringComparison.Ordinal);
        }

        return path;
    }

    private static string Short(string? text) => text is null ? "" : text.Length > 200 ? string.Create(CultureInfo.InvariantCulture, $"{text[..200]}… ({text.Length})") : text;

    private sealed record Operation(string Method, string Path, List<(string Name, string In)> Parameters, bool HasBody);
}
