using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Gofer.Application.Common;
using Gofer.Cli.Configuration;
using Gofer.Cli.Terminal;
using Gofer.Client;
using Gofer.Domain.Common;
using Refit;

namespace Gofer.Cli.Commands;

internal sealed partial class CommandContext
{
    private const int DefaultLimit = 50;

    /// <summary>The largest page that the server gives.</summary>
    private const int MostOfPage = 500;

    private (GoferClient Client, string Namespace)? _remote;

    /// <summary>The server that the settings name.</summary>
    public GoferClient Client => Remote.Client;

    /// <summary>The namespace that the settings name.</summary>
    public string Namespace => Remote.Namespace;

    private (GoferClient Client, string Namespace) Remote => _remote ??= Connect();

    /// <summary>Answers a client over a given server, for commands that started one themselves.</summary>
    public static GoferClient ClientOf(Uri server, string? token = null, TextWriter? errors = null)
    {
        var http = new HttpClient(new PatientHandler(errors)) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        if (token is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new GoferClient(http);
    }

    /// <summary>Whether data is printed for people.</summary>
    public bool IsTable => Parsed.GetValue(GlobalOptions.Output) is null or "table";

    /// <summary>The run's number. What <c>latest</c> names is asked for once, so a run that is made meanwhile changes nothing.</summary>
    public async Task<string> NumberAsync(string pipeline, string run, CancellationToken cancellationToken) => run == Names.Latest
        ? (await Client.Runs.GetRunAsync(Namespace, pipeline, run, cancellationToken)).Number.ToString(CultureInfo.InvariantCulture)
        : run;

    /// <summary>
    /// Reads a list page by page until there are as many items as were asked for, 50 where nobody did; where the list goes on after them, says so.
    /// </summary>
    public async Task<IReadOnlyList<T>> ListAsync<T>(int? limit, Func<int, string?, Task<(IReadOnlyList<T> Items, string? Next)>> read)
    {
        var wanted = limit ?? DefaultLimit;
        var (items, cursor) = (new List<T>(), (string?)null);
        do
        {
            var (part, next) = await read(Math.Min(wanted - items.Count, MostOfPage), cursor);
            items.AddRange(part);
            cursor = next;
        }
        while (cursor is not null && items.Count < wanted);

        if (cursor is not null) Error.WriteLine($"There are more than these {items.Count}: --limit {2L * items.Count} shows more.");
        return items;
    }

    /// <summary>Prints one of many things that come one by one, as a line of JSON.</summary>
    public void PrintItem<T>(T item) => Out.WriteLine(JsonSerializer.Serialize(item, GoferJson.Options));

    /// <summary>Refuses a form that output which comes bit by bit cannot have.</summary>
    public void DemandLines()
    {
        if (IsTable || Parsed.GetValue(GlobalOptions.Output) == "jsonl") return;
        throw new CommandException(
            Gofer.Domain.Common.Error.Invalid("", $"What comes bit by bit is printed as text, or as lines of JSON with -o jsonl, not as {Parsed.GetValue(GlobalOptions.Output)}."), ExitCode.Usage);
    }

    /// <summary>Prints what an action answered, where something else is wanted than the sentence that said it.</summary>
    public void PrintAnswer<T>(T item, Func<T, string> name)
    {
        if (!IsTable) PrintOne(item, name);
    }

    /// <summary>Prints data: a table of <paramref name="columns"/>, or the views as JSON, or their names.</summary>
    public void Print<T>(IReadOnlyList<T> items, Func<T, string> name, params (string Header, Func<T, string?> Cell)[] columns)
    {
        switch (Parsed.GetValue(GlobalOptions.Output))
        {
            case "json":
                Out.WriteLine(JsonSerializer.Serialize(items, s_indented));
                break;
            case "jsonl":
                foreach (var item in items) PrintItem(item);
                break;
            case "name":
                foreach (var item in items) Out.WriteLine(name(item));
                break;
            default:
                Table.Write(Out, items, columns);
                break;
        }
    }

    /// <summary>Prints one thing.</summary>
    public void PrintOne<T>(T item, Func<T, string> name, params (string Header, Func<T, string?> Cell)[] columns)
    {
        if (Parsed.GetValue(GlobalOptions.Output) == "json") Out.WriteLine(JsonSerializer.Serialize(item, s_indented));
        else Print([item], name, columns);
    }

    /// <summary>The flags that named server and namespace on this command line, for a command that has to mean the same ones.</summary>
    public string Flags =>
        (Parsed.GetValue(GlobalOptions.Context) is { } chosen ? $" --context {chosen}" : "") + (Parsed.GetValue(GlobalOptions.Server) is { } server ? $" --server {server}" : "") + (Parsed.GetValue(GlobalOptions.Namespace) is { } home ? $" -n {home}" : "");

    /// <summary>Says what the server refused, and what to type next; the exit code that goes with it.</summary>
    public ExitCode Refused(ApiException e)
    {
        if (e.Problem() is not { Code.Length: > 0 } problem) return Stranger(e);
        Complain(Shown.Line(problem.Title), problem.Errors is { } errors ? [.. errors.SelectMany(p => p.Value.Select(m => new Fault(Shown.Line(p.Key), Shown.Line(m))))] : []);
        if (Cures.Of(problem, this) is { } cure) Error.WriteLine($"  {cure}");
        return problem.Status is 401 or 403 ? ExitCode.Forbidden : ExitCode.Failed;
    }

    /// <summary>An answer that no server of ours gives: another program's, or that of something in between.</summary>
    private ExitCode Stranger(ApiException e)
    {
        var place = e.RequestMessage.RequestUri?.GetLeftPart(UriPartial.Authority);
        var kind = e.ContentHeaders?.ContentType?.MediaType ?? "no content type";
        Error.WriteLine((int)e.StatusCode is 502 or 503 or 504
            ? $"gofer: What answers at {place} says {(int)e.StatusCode}: no Gofer server is behind it at the moment."
            : $"gofer: What answers at {place} is no Gofer server: it says {(int)e.StatusCode} with {kind} where Gofer answers in JSON.");
        Error.WriteLine("  Name the server with --server or GOFER_SERVER; 'gofer doctor' shows what is there.");
        return ExitCode.Unreachable;
    }

    private static readonly JsonSerializerOptions s_indented = new(GoferJson.Options) { WriteIndented = true };

    /// <summary>The server as it was named.</summary>
    public string ServerUrl => Settings[SettingTable.Server]!;

    private (GoferClient Client, string Namespace) Connect()
    {
        var settings = Settings;
        return (ClientOf(new Uri(ServerUrl), settings[SettingTable.Token], Error), settings[SettingTable.Namespace]!);
    }
}
