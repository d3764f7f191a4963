using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Gofer.Cli.Hosting;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Embedded;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Gofer.Cli.Commands;

/// <summary><c>dev</c>, <c>api</c>, <c>worker</c>, <c>migrate</c>: the processes of an install.</summary>
internal static class ServerCommands
{
    public const string DefaultListen = "127.0.0.1:8080";

    internal static Option<string?> Postgres => new("--postgres") { Description = "The database: a postgres:// URL or Npgsql's form. Also GOFER_POSTGRES." };

    internal static Option<string?> Scheduler => new("--scheduler") { Description = "Where tasks run: docker (the default) or process (as you, on this machine, no sandbox)." };

    internal static Option<string?> Data => new("--data") { Description = "The folder that everything is kept in. Also GOFER_DATA." };

    internal static Option<string?> Listen => new("--listen") { Description = $"Address and port of the API, {DefaultListen} where none is given." };

    private static Option<bool> InsecureListen => new("--insecure-listen") { Description = "Answer anybody, though there is no authentication: only where something in front of it does that." };

    public static Command Dev()
    {
        var (postgres, scheduler, data, listen) = (Postgres, Scheduler, Data, Listen);
        var command = new Command("dev", "Run everything in one process, with a Postgres of its own.\n\nExample: gofer dev --scheduler process");
        command.Options.Add(listen);
        command.Options.Add(data);
        command.Options.Add(scheduler);
        command.Options.Add(postgres);
        command.Run(async (context, token) =>
        {
            var settings = context.Settings(("Gofer:Postgres", postgres), ("Gofer:Scheduler", scheduler), ("Gofer:Data", data), ("Gofer:Listen", listen));
            await using var install = new DevInstall(context.Error);
            if (await install.StartAsync(settings, DefaultListen, fallBack: false, token) is { } error) return context.Fail(error);
            context.Error.WriteLine();
            context.Error.WriteLine($"Gofer answers at {install.Url} (explorer: {install.Url}swagger)");
            context.Error.WriteLine($"Another worker joins with: GOFER_POSTGRES='{install.Postgres}' gofer worker");
            context.Error.WriteLine("Ctrl-C stops it.");
            var stopped = await install.Host.WaitForShutdownAsync();
            return stopped.IsOk ? ExitCode.Done : context.Fail(stopped.Error);
        });
        return command;
    }

    public static Command Api()
    {
        var (postgres, listen, insecure) = (Postgres, Listen, InsecureListen);
        var command = new Command("api", "Serve the API over a database that 'gofer migrate' prepared.\n\nExample: gofer api --postgres postgres://gofer@db/gofer");
        command.Options.Add(listen);
        command.Options.Add(postgres);
        command.Options.Add(insecure);
        command.Run(async (context, token) =>
        {
            var settings = context.Settings(("Gofer:Postgres", postgres), ("Gofer:Listen", listen));
            if (context.Parsed.GetValue(insecure)) settings["Gofer:Api:InsecureListen"] = "true";
            var connection = Connection(settings);
            if (!connection.IsOk) return context.Fail(connection.Error);
            var endpoint = Endpoint(settings["Gofer:Listen"] ?? DefaultListen, IsTrue(settings["Gofer:Api:InsecureListen"]));
            if (!endpoint.IsOk) return context.Fail(endpoint.Error);
            return await ServeAsync(context, new ServerPlan { Settings = settings, Postgres = connection.Value, Listen = endpoint.Value, Wait = true }, token);
        });
        return command;
    }

    public static Command Worker()
    {
        var (postgres, scheduler, data, insecure) = (Postgres, Scheduler, Data, InsecureListen);
        var listen = new Option<string?>("--listen") { Description = "Address and port of /healthz and /readyz; no port is opened where none is given." };
        var command = new Command("worker", "Run tasks of a database that 'gofer migrate' prepared.\n\nExample: gofer worker --postgres postgres://gofer@db/gofer");
        command.Options.Add(postgres);
        command.Options.Add(scheduler);
        command.Options.Add(data);
        command.Options.Add(listen);
        command.Options.Add(insecure);
        command.Run(async (context, token) =>
        {
            var settings = context.Settings(
                ("Gofer:Postgres", postgres), ("Gofer:Scheduler", scheduler), ("Gofer:Data", data), ("Gofer:Worker:Listen", listen));
            if (context.Parsed.GetValue(insecure)) settings["Gofer:Worker:InsecureListen"] = "true";
            var connection = Connection(settings);
            if (!connection.IsOk) return context.Fail(connection.Error);
            IPEndPoint? probes = null;
            if (settings["Gofer:Worker:Listen"] is { Length: > 0 } named)
            {
                var endpoint = Endpoint(named, IsTrue(settings["Gofer:Worker:InsecureListen"]));
                if (!endpoint.IsOk) return context.Fail(endpoint.Error);
                probes = endpoint.Value;
            }

            var choice = await SchedulerChoice.FindAsync(
                settings["Gofer:Scheduler"], settings["Gofer:DockerHost"], settings["Gofer:Data"] ?? DataFolder.Default(), fallBack: false, token);
            if (!choice.IsOk) return context.Fail(choice.Error);
            var plan = new ServerPlan { Settings = settings, Postgres = connection.Value, Scheduler = choice.Value, Probes = probes, Wait = true };
            return await ServeAsync(context, plan, token);
        });
        return command;
    }

    public static Command Migrate()
    {
        var postgres = Postgres;
        var command = new Command("migrate", "Bring the database's schema up to date and make partitions ahead.\n\nExample: gofer migrate --postgres postgres://gofer@db/gofer");
        command.Options.Add(postgres);
        command.Run(async (context, token) =>
        {
            var connection = Connection(context.Settings(("Gofer:Postgres", postgres)));
            if (!connection.IsOk) return context.Fail(connection.Error);
            await using var services = new ServiceCollection().AddLogging().AddGoferPostgres(connection.Value).BuildServiceProvider();
            try
            {
                var applied = await services.GetRequiredService<Schema>().MigrateAsync(token);
                foreach (var name in applied) context.Out.WriteLine(name);
                context.Error.WriteLine(applied.Count == 0 ? "The schema is up to date." : $"{applied.Count} migrations applied.");
                return ExitCode.Done;
            }
            catch (Exception e) when (IsDatabase(e))
            {
                return context.Fail(Away(connection.Value, e));
            }
        });
        return command;
    }

    /// <summary>Address and port; other addresses than this machine's only where the operator insists.</summary>
    internal static Result<IPEndPoint> Endpoint(string text, bool insecure)
    {
        var host = text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase) ? "127.0.0.1" + text[9..] : text;
        if (!IPEndPoint.TryParse(host, out var endpoint) || !host.Contains(':', StringComparison.Ordinal))
        {
            return Error.Invalid("", $"{Shown.Quoted(text)} is no address to listen on; write it like {DefaultListen}.");
        }

        return IPAddress.IsLoopback(endpoint.Address) || insecure
            ? endpoint
            : Error.Invalid("", $"{text} is reachable by others, and there is no authentication yet. Listen on 127.0.0.1, or insist with --insecure-listen.");
    }

    /// <summary>The error for a database that does not answer, without its password.</summary>
    internal static Error Away(string connection, Exception e) => new(
        ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable,
        $"The database at {ConnectionText.Redacted(connection)} does not answer: {DatabaseTrouble.Reason(e)}");

    /// <summary>Whether that came of the database and not of this program.</summary>
    internal static bool IsDatabase(Exception e) => e is NpgsqlException || DatabaseTrouble.IsAway(e);

    private static bool IsTrue(string? setting) => bool.TryParse(setting, out var value) && value;

    private static Result<string> Connection(IConfiguration settings) => settings["Gofer:Postgres"] is { Length: > 0 } text
        ? ConnectionText.Parse(text)
        : Error.Invalid("", "No database is named. Give --postgres or set GOFER_POSTGRES; 'gofer dev' brings one of its own.");

    private static async Task<ExitCode> ServeAsync(CommandContext context, ServerPlan plan, CancellationToken token)
    {
        // Until the host listens to signals itself, one that comes while the database is waited for would end the process without a word.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(token);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        try
        {
            var started = await ServerHost.StartAsync(plan, stop.Token);
            if (!started.IsOk) return context.Fail(started.Error);
            await using var host = started.Value;
            if (host.Url is { } url && plan.Listen is not null) context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Gofer answers at {url}"));
            else if (host.Url is { } probes) context.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"The worker's /healthz and /readyz answer at {probes}"));
            var stopped = await host.WaitForShutdownAsync();
            return stopped.IsOk ? ExitCode.Done : context.Fail(stopped.Error);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested && !token.IsCancellationRequested)
        {
            return ExitCode.Done;
        }
        catch (Exception e) when (IsDatabase(e))
        {
            return context.Fail(Away(plan.Postgres, e));
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            return context.Fail(DevInstall.PortTaken((plan.Listen ?? plan.Probes)!));
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }
}
