using System.Net;
using System.Reflection;
using System.Text.Json;
using Gofer.Client;
using Refit;

namespace Gofer.Tests.Unit.Client;

/// <summary>No name leads a request to another resource than the one that it names.</summary>
public sealed class PathValuesTests : IDisposable
{
    private readonly Recorder _sent = new();
    private readonly HttpClient _http;
    private readonly GoferClient _client;

    public PathValuesTests()
    {
        _http = new HttpClient(_sent) { BaseAddress = new Uri("http://127.0.0.1:1") };
        _client = new GoferClient(_http);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    public async Task No_operation_sends_a_name_that_the_path_would_lose(string name)
    {
        var tried = 0;
        foreach (var (api, method) in Operations())
        {
            foreach (var parameter in method.GetParameters().Where(IsOfPath))
            {
                await Assert.ThrowsAsync<ArgumentException>(() => CallAsync(api, method, p => p == parameter ? name : "x"));
                tried++;
            }
        }

        Assert.True(tried > 40, $"{tried} parameters");
        Assert.Empty(_sent.Paths);
    }

    [Theory]
    [InlineData("a/../b")]
    [InlineData("../..")]
    [InlineData("%2e%2e")]
    [InlineData("...")]
    [InlineData("a\\..\\b?c#d")]
    public async Task Every_other_name_is_one_segment_of_the_path(string name)
    {
        foreach (var (api, method) in Operations())
        {
            await CallAsync(api, method, _ => name);
            var template = method.GetCustomAttribute<HttpMethodAttribute>()!.Path;
            var expected = string.Join('/', template.Split('/').Select(s => s.StartsWith('{') ? Uri.EscapeDataString(name) : s));
            Assert.Equal(expected, _sent.Paths[^1]);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    public async Task No_stream_follows_one_either(string name)
    {
        var streams = _client.Streams;
        await Assert.ThrowsAsync<ArgumentException>(async () => await streams.RunAsync(name, "p", "1", Ct).GetAsyncEnumerator(Ct).MoveNextAsync());
        await Assert.ThrowsAsync<ArgumentException>(async () => await streams.EventsAsync("n", name, "1", Ct).GetAsyncEnumerator(Ct).MoveNextAsync());
        await Assert.ThrowsAsync<ArgumentException>(async () => await streams.LogsAsync("n", "p", name, cancellationToken: Ct).GetAsyncEnumerator(Ct).MoveNextAsync());
        await Assert.ThrowsAsync<ArgumentException>(async () => await streams.LogsAsync("n", "p", "1", name, cancellationToken: Ct).GetAsyncEnumerator(Ct).MoveNextAsync());
        Assert.Empty(_sent.Paths);
    }

    [Fact]
    public async Task A_filter_may_be_any_text()
    {
        await CallAsync(_client.Runs, typeof(IRunsApi).GetMethod(nameof(IRunsApi.ListRunsAsync))!, _ => "x", query: "..");
        Assert.Contains("state=..", _sent.Queries[^1], StringComparison.Ordinal);
    }

    private IEnumerable<(object Api, MethodInfo Method)> Operations() =>
        from property in typeof(GoferClient).GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.PropertyType.IsInterface
        from method in property.PropertyType.GetMethods()
        select (property.GetValue(_client)!, method);

    private static bool IsOfPath(ParameterInfo parameter) =>
        parameter.Member.GetCustomAttribute<HttpMethodAttribute>()!.Path.Contains($"{{{parameter.Name}}}", StringComparison.Ordinal);

    /// <summary>Calls an operation; what the answer of the recorder lacks for it is no matter here.</summary>
    private static async Task CallAsync(object api, MethodInfo method, Func<ParameterInfo, string> name, string? query = null)
    {
        var arguments = method.GetParameters().Select(object? (p) => p switch
        {
            _ when p.ParameterType == typeof(CancellationToken) => Ct,
            _ when IsOfPath(p) => name(p),
            _ when p.ParameterType == typeof(JsonElement) => JsonSerializer.SerializeToElement(new { }),
            // Whose version is a text, where the others' is a number.
            _ when p.ParameterType == typeof(SharedTaskBody) => new SharedTaskBody { Version = "1.0" },
            { HasDefaultValue: true } => query is not null && p.ParameterType == typeof(IReadOnlyList<string>) ? new[] { query } : p.DefaultValue,
            _ => JsonSerializer.Deserialize("""{"id":"x","type":"webhook","on":[],"url":"x","runs":[],"value":"x","name":"x","roles":[],"namespaces":[],"permissions":[],"from":"2027-01-01T00:00:00Z","to":"2027-01-02T00:00:00Z"}""", p.ParameterType),
        }).ToArray();
        try
        {
            await (Task)method.Invoke(api, BindingFlags.DoNotWrapExceptions, null, arguments, null)!;
        }
        catch (ApiException)
        {
        }
    }

    private sealed class Recorder : HttpMessageHandler
    {
        public List<string> Paths { get; } = [];

        public List<string> Queries { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Paths.Add(request.RequestUri!.AbsolutePath);
            Queries.Add(request.RequestUri.Query);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("{}") });
        }
    }
}
