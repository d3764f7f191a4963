// A service that has its work done by Gofer: it registers its pipeline, starts a run for each order that it is given, and waits for what comes of it.
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Gofer.Client;
using Gofer.Sdk;
using Refit;

if (args.Length == 0)
{
    Console.Error.WriteLine("Name one order or more: dotnet run --project examples/service -- order-1 order-2");
    return 2;
}

var server = Environment.GetEnvironmentVariable("GOFER_SERVER") ?? "http://127.0.0.1:8080";
if (!Uri.TryCreate(server, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
{
    Console.Error.WriteLine($"GOFER_SERVER must be a URL such as http://127.0.0.1:8080, not '{server}'.");
    return 2;
}

using var http = new HttpClient { BaseAddress = address };
if (Environment.GetEnvironmentVariable("GOFER_TOKEN") is { Length: > 0 } token) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
var gofer = new GoferClient(http);
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};

try
{
    // Registering is for every start: an unchanged document makes no new version.
    using var document = JsonDocument.Parse(Invoice().ToJson());
    await gofer.Pipelines.RegisterPipelineAsync("default", "invoice", document.RootElement, deploy: true, cancellationToken: stop.Token);

    var outcomes = await Task.WhenAll(args.Select(RunAsync));
    return outcomes.All(state => state == RunState.Succeeded) ? 0 : 1;
}
catch (ApiException e) when (e.Problem() is { } problem)
{
    // The code is for the program to decide on, the title for whoever reads the log.
    Console.Error.WriteLine($"{problem.Code}: {problem.Title}");
    return 1;
}
catch (Exception e) when (e is HttpRequestException or ApiRequestException)
{
    Console.Error.WriteLine($"No Gofer server answers at {server}. Start one with: gofer dev");
    return 1;
}

static Pipeline Invoice()
{
    var pipeline = new Pipeline("invoice").Describe("Writes the invoice of an order.");
    var order = pipeline.RequiredParam<string>("order");
    var fetch = pipeline.Task("fetch", "busybox:latest").Env("ORDER", order).Script("echo fetching $ORDER");
    pipeline.Task("write", "busybox:latest").Env("ORDER", order).Script("echo invoice for $ORDER").After(fetch);
    return pipeline;
}

async Task<RunState> RunAsync(string order)
{
    var body = new NewRunBody
    {
        Params = new Dictionary<string, JsonElement> { ["order"] = JsonSerializer.SerializeToElement(order) },
        Labels = new Dictionary<string, string> { ["order"] = order },
    };
    // The order is the key: repeated after a timeout or a crash, the same order still makes one run.
    var run = await gofer.Runs.CreateRunAsync("default", "invoice", body, idempotencyKey: order, stop.Token);
    var number = run.Number.ToString(CultureInfo.InvariantCulture);
    Console.WriteLine($"{order}: run {number} of version {run.Version}");

    // A stream that breaks is taken up again where it was, so nothing is missed and nothing comes twice.
    await foreach (var line in gofer.Streams.LogsAsync("default", "invoice", number, cancellationToken: stop.Token)) Console.WriteLine($"{order}: {line.Text}");
    var ended = await gofer.Runs.GetRunAsync("default", "invoice", number, stop.Token);
    Console.WriteLine($"{order}: {ended.State.ToString().ToLowerInvariant()}");
    return ended.State;
}
