using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gofer.Cli.Hosting;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;
using Gofer.Tests.Support.Postgres;
using Microsoft.Extensions.Configuration;

[assembly: AssemblyFixture(typeof(GoferServer))]

namespace Gofer.Tests.Integration.Serving;

/// <summary>
/// The API on real Kestrel and a worker that runs processes, over a database of their own. One for all test classes of the assembly, each
/// with a namespace of its own; a test that stops it, or counts rows of it, starts one for itself.
/// </summary>
public sealed class GoferServer : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("gofer-server-").FullName;
    private TestDatabase? _database;
    private ServerHost? _host;

    /// <summary>Whether a worker runs beside the API.</summary>
    public bool Works { get; init; } = true;

    /// <summary>What it serves HTTPS with; null for HTTP.</summary>
    public ServerCertificate? Certificate { get; init; }

    /// <summary>Settings on top of the defaults, for a server that a test starts for itself.</summary>
    public Dictionary<string, string?> Settings { get; } = new() { ["Gofer:Api:Authentication"] = "none" };

    /// <summary>Where it answers.</summary>
    public Uri Url => Host.Url!;

    /// <summary>Its database.</summary>
    public string ConnectionString => _database!.ConnectionString;

    /// <summary>The host.</summary>
    public ServerHost Host => _host ?? throw new InvalidOperationException("Not started.");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _database = await MigratedDatabase.CreateAsync(TestContext.Current.CancellationToken);
        await StartAsync(0);
    }

    /// <summary>Stops the server, its worker handing over, and starts it again at the same address.</summary>
    public async Task RestartAsync()
    {
        var port = Url.Port;
        await Host.DisposeAsync();
        _host = null;
        await StartAsync(port);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        if (_database is not null) await _database.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    /// <summary>A client that speaks HTTP and no types.</summary>
    public HttpClient Http() => new() { BaseAddress = Url, Timeout = TimeSpan.FromMinutes(2) };

    /// <summary>A new namespace with a client of it.</summary>
    public async Task<Area> AreaAsync()
    {
        var name = $"t{RandomNumberGenerator.GetHexString(12, lowercase: true)}";
        var http = Http();
        var client = new GoferClient(http);
        await client.Namespaces.CreateNamespaceAsync(new NewNamespaceBody { Id = name }, TestContext.Current.CancellationToken);
        return new Area(name, http, client);
    }

    private async Task StartAsync(int port)
    {
        var scheduler = await SchedulerChoice.FindAsync(SchedulerChoice.Process, null, _data, fallBack: false, TestContext.Current.CancellationToken);
        var started = await ServerHost.StartAsync(
            new ServerPlan
            {
                Settings = new ConfigurationBuilder().AddInMemoryCollection(Settings).Build(),
                Postgres = ConnectionString,
                Keys = TestKeys.Ring,
                Listen = new IPEndPoint(IPAddress.Loopback, port),
                Certificate = Certificate,
                Scheduler = Works ? scheduler.Value : null,
            },
            TestContext.Current.CancellationToken);
        _host = started.IsOk ? started.Value : throw new InvalidOperationException(started.Error.Message);
    }
}

/// <summary>A namespace of one test.</summary>
public sealed record Area(string Name, HttpClient Http, GoferClient Client) : IDisposable
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The namespace's path.</summary>
    public string Path => $"/api/v1/namespaces/{Name}";

    /// <summary>Registers a document, live at once.</summary>
    public async Task<RegistrationView> RegisterAsync(string document)
    {
        using var json = JsonDocument.Parse(document);
        return await Client.Pipelines.RegisterPipelineAsync(Name, json.RootElement.GetProperty("id").GetString()!, json.RootElement, deploy: true, cancellationToken: Ct);
    }

    /// <summary>Registers a pipeline whose one task, <c>t</c>, runs that shell script, and runs it.</summary>
    public async Task<RunView> RunScriptAsync(string pipeline, string script)
    {
        await RegisterAsync(Documents.Script(pipeline, script));
        return await RunAsync(pipeline);
    }

    /// <summary>Creates a run.</summary>
    public Task<RunView> RunAsync(string pipeline) => Client.Runs.CreateRunAsync(Name, pipeline, new NewRunBody(), cancellationToken: Ct);

    /// <summary>The run once it has ended, by following it.</summary>
    public async Task<RunView> EndAsync(RunView run)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        var number = run.Number.ToString(CultureInfo.InvariantCulture);
        var last = run;
        await foreach (var update in Client.Streams.RunAsync(Name, run.Pipeline, number, limit.Token)) last = update.Run ?? last;
        return last;
    }

    /// <summary>The run's tasks by id.</summary>
    public async Task<Dictionary<string, TaskView>> TasksAsync(RunView run)
    {
        var page = await Client.Tasks.ListTasksAsync(Name, run.Pipeline, run.Number.ToString(CultureInfo.InvariantCulture), limit: 500, cancellationToken: Ct);
        return page.Items.ToDictionary(t => t.Id);
    }

    /// <summary>Waits until a task is in that state.</summary>
    public async Task<TaskView> UntilAsync(RunView run, string task, TaskState state)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        await foreach (var update in Client.Streams.RunAsync(Name, run.Pipeline, run.Number.ToString(CultureInfo.InvariantCulture), limit.Token))
        {
            if (update.Task is { } seen && seen.Id == task && seen.State == state) return seen;
        }

        throw new InvalidOperationException($"Task {task} was never {state}.");
    }

    /// <summary>The bytes of a task's log.</summary>
    public async Task<byte[]> LogAsync(RunView run, string task = "t", string query = "") =>
        await Http.GetByteArrayAsync(new Uri($"{Path}/pipelines/{run.Pipeline}/runs/{run.Number}/tasks/{task}/logs{query}", UriKind.Relative), Ct);

    /// <summary>Sends a request; the answer's status and body.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path.StartsWith('/') ? path : $"{Path}/{path}");
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Http.SendAsync(request, Ct);
        return new Answer(
            response.StatusCode, await response.Content.ReadAsStringAsync(Ct), response.Content.Headers.ContentType?.MediaType, response.Headers.ETag?.Tag,
            response.Headers.Location, response.Headers.Contains("Idempotency-Replayed"));
    }

    /// <inheritdoc/>
    public void Dispose() => Http.Dispose();
}

/// <summary>An answer as it came.</summary>
public sealed record Answer(HttpStatusCode Status, string Body, string? MediaType, string? ETag, Uri? Location, bool Replayed)
{
    /// <inheritdoc/>
    public override string ToString() => $"{(int)Status} {Body}";

    /// <summary>The body as JSON.</summary>
    public JsonElement Json
    {
        get
        {
            using var json = JsonDocument.Parse(Body);
            return json.RootElement.Clone();
        }
    }

    /// <summary>The problem's code.</summary>
    public string Code => Json.GetProperty("code").GetString()!;

    /// <summary>The pointers of the problem's errors.</summary>
    public IEnumerable<string> Pointers => Json.TryGetProperty("errors", out var errors) ? errors.EnumerateObject().Select(e => e.Name) : [];
}
