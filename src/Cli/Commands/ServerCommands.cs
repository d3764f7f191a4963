using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Gofer.Cli.Configuration;
using Gofer.Cli.Hosting;
using Gofer.Cli.Terminal;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Secrets;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Gofer.Cli.Commands;

/// <summary><c>dev</c>, <c>api</c>, <c>worker</c>, <c>migrate</c>: the processes of an install.</summary>
internal static class ServerCommands
{
    public static Command Dev()
    {
        var command = new Command("dev", "Run everything in one process, with a Postgres of its own.").Example("gofer dev --scheduler process");
        command.Takes(SettingTable.Listen, SettingTable.Data, SettingTable.Scheduler, SettingTable.Postgres);
        command.Run(async (context, token) =>
        {
            await using var install = new DevInstall(context.Error);
            if (await install.StartAsync(context.Settings, context.Settings[SettingTable.Listen]!, fallBack: false, token) is { } error) return context.Fail(error);
            context.Error.WriteLine();
            context.Error.WriteLine($"Gofer answers at {install.Url} (explorer: {install.Url}swagger)");
            var keys = install.KeyFile is { } file ? $"{SettingTable.SecretKeys.Variable}{SecretFile.Suffix}='{file}' " : "";
            var url = install.TasksUrl is { } tasks ? $"{SettingTable.PublicUrl.Variable}='{tasks}' " : "";
            context.Error.WriteLine($"Another worker joins with: GOFER_POSTGRES='{install.Postgres}' {url}{keys}gofer worker");
            context.Error.WriteLine("Ctrl-C stops it.");
            var stopped = await install.Host.WaitForShutdownAsync();
            return stopped.IsOk ? ExitCode.Done : context.Fail(stopped.Error);
        });
        return command;
    }

    public static Command Api()
    {
        var command = new Command("api", "Serve the API over a database that 'gofer migrate' prepared.").Example("gofer api --postgres postgres://gofer@db/gofer");
        command.Takes(SettingTable.Listen, SettingTable.Postgres, SettingTable.Authentication, SettingTable.ApiInsecureListen);
        command.Run(async (context, token) =>
        {
            var settings = context.Settings;
            var connection = Connection(settings);
            if (!connection.IsOk) return context.Fail(connection.Error);
            var keys = Keys(settings);
            if (!keys.IsOk) return context.Fail(keys.Error);
            var stores = StoreChoices.Find(settings);
            if (!stores.IsOk) return context.Fail(stores.Error);
            var asks = settings[SettingTable.Authentication] != "none";
            var endpoint = Endpoint(settings[SettingTable.Listen]!, asks || settings.IsSet(SettingTable.ApiInsecureListen), "callers are asked for nothing (api.authentication)");
            if (!endpoint.IsOk) return context.Fail(endpoint.Error);
            var certificate = ServerCertificate.Find(settings);
            if (!certificate.IsOk) return context.Fail(certificate.Error);
            var plan = new ServerPlan
            {
                Settings = settings.Configuration,
                Postgres = connection.Value,
                Keys = keys.Value,
                Stores = stores.Value,
                Listen = endpoint.Value,
                Certificate = certificate.Value,
                Wait = true,
            };
            return await ServeAsync(context, plan, token);
        });
        return command;
    }

    public static Command Worker()
    {
        var command = new Command("worker", "Run tasks of a database that 'gofer migrate' prepared.").Example("gofer worker --postgres postgres://gofer@db/gofer");
        command.Takes(SettingTable.Postgres, SettingTable.Scheduler, SettingTable.Data, SettingTable.WorkerListen, SettingTable.WorkerInsecureListen);
        command.Run(async (context, token) =>
        {
            var settings = context.Settings;
            var connection = Connection(settings);
            if (!connection.IsOk) return context.Fail(connection.Error);
            var keys = Keys(settings);
            if (!keys.IsOk) return context.Fail(keys.Error);
            var stores = StoreChoices.Find(settings);
            if (!stores.IsOk) return context.Fail(stores.Error);
            IPEndPoint? probes = null;
            if (settings[SettingTable.WorkerListen] is { } named)
            {
                var endpoint = Endpoint(named, settings.IsSet(SettingTable.WorkerInsecureListen), "whoever asks for a worker's health is asked for nothing");
                if (!endpoint.IsOk) return context.Fail(endpoint.Error);
                probes = endpoint.Value;
            }

            var choice = await SchedulerChoice.FindAsync(
                settings[SettingTable.Scheduler], settings[SettingTable.DockerHost], settings[SettingTable.Data]!, fallBack: false, token);
            if (!choice.IsOk) return context.Fail(choice.Error);
            var plan = new ServerPlan { Settings = settings.Configuration, Postgres = connection.Value, Keys = keys.Value, Stores = stores.Value, Scheduler = choice.Value, Probes = probes, Wait = true };
            return await ServeAsync(context, plan, token);
        });
        return command;
    }

    public static Command Migrate()
    {
        var command = new Command("migrate", "Bring the database's schema up to date and make partitions ahead.").Example("gofer migrate --postgres postgres://gofer@db/gofer");
        command.Takes(SettingTable.Postgres);
        command.Run(async (context, token) =>
        {
            var connection = Connection(context.Settings);
            if (!connection.IsOk) return context.Fail(connection.Error);
            await using var services = new ServiceCollection().AddLogging().AddGoferPostgres(connection.Value).BuildServiceProvider();
            try
            {
                var applied = await Waiting.ForAsync(context.Error, "bringing the schema up to date", () => services.GetRequiredService<Schema>().MigrateAsync(token));
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

    /// <summary>Adds the flags of settings.</summary>
    internal static void Takes(this Command command, params Setting[] settings)
    {
        foreach (var setting in settings) command.Options.Add(SettingOption.Of(setting));
    }

    /// <summary>Address and port; other addresses than this machine's only where the operator insists.</summary>
    internal static Result<IPEndPoint> Endpoint(string text, bool insecure, string why)
    {
        var host = text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase) ? "127.0.0.1" + text[9..] : text;
        if (!IPEndPoint.TryParse(host, out var endpoint) || !host.Contains(':', StringComparison.Ordinal))
        {
            return Error.Invalid("", $"{Shown.Quoted(text)} is no address to listen on; write it like {SettingTable.Listen.Default}.");
        }

        return IPAddress.IsLoopback(endpoint.Address) || insecure
            ? endpoint
            : Error.Invalid("", $"{text} is reachable by others, and {why}. Listen on 127.0.0.1, or insist with --insecure-listen.");
    }

    /// <summary>The error for a database that does not answer or lets nobody in, without its password.</summary>
    internal static Error Away(string connection, Exception e) => new(
        ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable,
        $"The database at {ConnectionText.Redacted(connection)} {(DatabaseTrouble.IsLasting(e) ? "does not let this program work" : "does not answer")}: "
        + $"{DatabaseTrouble.Reason(e).TrimEnd('.')}.\n  {DatabaseTrouble.Cure(e, connection)}");

    /// <summary>Whether that came of the database and not of this program.</summary>
    internal static bool IsDatabase(Exception e) => e is NpgsqlException || DatabaseTrouble.IsAway(e);

    /// <summary>The database that the settings name, in Npgsql's form.</summary>
    internal static Result<string> Connection(Settings settings) => settings[SettingTable.Postgres] is { } text
        ? ConnectionText.Parse(text)
        : Error.Invalid("", "No database is named. Give --postgres or set GOFER_POSTGRES; 'gofer dev' brings one of its own.");

    /// <summary>The keys that the settings name.</summary>
    internal static Result<KeyRing> Keys(Settings settings) => settings[SettingTable.SecretKeys] is { } text
        ? KeyRing.Parse(text)
        : Error.Invalid(
            "",
            $"No key is named that secrets are sealed with. Make one with 'gofer secret new-key', keep it where only api and worker get it, and name it to all of them by {SettingTable.SecretKeys.Variable}, or by {SettingTable.SecretKeys.Variable}{SecretFile.Suffix} for a file; 'gofer dev' makes its own.");

    private static async Task<ExitCode> ServeAsync(CommandContext context, ServerPlan plan, CancellationToken token)
    {
        if ((plan.Listen ?? plan.Probes) is { } wanted && DevInstall.IsTaken(wanted)) return context.Fail(DevInstall.PortTaken(wanted));
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
