using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Gofer.Application.Common;
using Gofer.Cli.Configuration;
using Gofer.Client;
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
    public static GoferClient ClientOf(Uri server, string? token = null)
    {
        var http = new HttpClient { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
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
                foreach (var item in items) Out.WriteLine(JsonSerializer.Serialize(item, GoferJson.Options));
                break;
            case "name":
                foreach (var item in items) Out.WriteLine(name(item));
                break;
            default:
                Terminal.Table.Write(Out, items, columns);
                break;
        }
    }

    /// <summary>Prints one thing.</summary>
    public void PrintOne<T>(T item, Func<T, string> name, params (string Header, Func<T, string?> Cell)[] columns)
    {
        if (Parsed.GetValue(GlobalOptions.Output) == "json") Out.WriteLine(JsonSerializer.Serialize(item, s_indented));
        else Print([item], name, columns);
    }

    /// <summary>Says what the server refused; the exit code that goes with it.</summary>
    public ExitCode Refused(ApiException e)
    {
        if (e.Problem() is not { } problem)
        {
            Error.WriteLine($"gofer: The server answered {(int)e.StatusCode} without saying why. Is {e.RequestMessage.RequestUri?.GetLeftPart(UriPartial.Authority)} a Gofer server?");
            return ExitCode.Failed;
        }

        Error.WriteLine($"gofer: {problem.Title}");
        if (problem.Errors is { } errors && errors.Sum(p => p.Value.Count) > 1)
        {
            foreach (var (place, complaints) in errors)
            {
                foreach (var complaint in complaints) Error.WriteLine($"  {(place.Length > 0 ? place + ": " : "")}{complaint}");
            }
        }

        return problem.Status is 401 or 403 ? ExitCode.Forbidden : ExitCode.Failed;
    }

    private static readonly JsonSerializerOptions s_indented = new(GoferJson.Options) { WriteIndented = true };

    private (GoferClient Client, string Namespace) Connect()
    {
        var settings = Settings;
        return (ClientOf(new Uri(settings[SettingTable.Server]!), settings[SettingTable.Token]), settings[SettingTable.Namespace]!);
    }
}
