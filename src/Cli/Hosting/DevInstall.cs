using System.Net;
using System.Net.Sockets;
using Gofer.Application.Schedulers;
using Gofer.Cli.Commands;
using Gofer.Cli.Configuration;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Embedded;
using Gofer.Infrastructure.Secrets;

namespace Gofer.Cli.Hosting;

/// <summary>Everything in one process over one data folder: what <c>dev</c> and <c>demo</c> start.</summary>
internal sealed class DevInstall(TextWriter output) : IAsyncDisposable
{
    private DataFolder? _folder;
    private PrivatePostgres? _postgres;
    private ServerHost? _host;

    /// <summary>The server.</summary>
    public ServerHost Host => _host ?? throw new InvalidOperationException("Not started.");

    /// <summary>Where it answers.</summary>
    public Uri Url => Host.Url!;

    /// <summary>The database, for a worker that wants to join.</summary>
    public string Postgres { get; private set; } = "";

    /// <summary>Where tasks reach the API, for a worker that wants to join; null where the settings say so, or nobody does.</summary>
    public string? TasksUrl { get; private set; }

    /// <summary>The file of the key that secrets are sealed with, for a worker that wants to join; null where the settings name the keys.</summary>
    public string? KeyFile { get; private set; }

    /// <summary>Starts it stage by stage; the error says what to do.</summary>
    public async Task<Error?> StartAsync(Settings settings, string listen, bool fallBack, CancellationToken cancellationToken)
    {
        var endpoint = ServerCommands.Endpoint(listen, insecure: false, "dev asks nobody who they are");
        if (!endpoint.IsOk) return endpoint.Error;
        // First: where another one is at work on the same folder it has the port too, and is the one to use.
        var folder = DataFolder.Open(settings[SettingTable.Data]);
        if (!folder.IsOk) return folder.Error;
        _folder = folder.Value;
        if (IsTaken(endpoint.Value)) return PortTaken(endpoint.Value);
        // Tasks are told where the API is before it listens there.
        if (endpoint.Value.Port == 0) endpoint.Value.Port = FreePort(endpoint.Value.Address);

        var keys = FindKeys(settings, _folder.Path);
        if (!keys.IsOk) return keys.Error;
        var stores = StoreChoices.Find(settings);
        if (!stores.IsOk) return stores.Error;

        var stages = new Stages(output);
        var scheduler = await stages.RunAsync(
            "scheduler",
            _ => SchedulerChoice.FindAsync(settings.Given(SettingTable.Scheduler), settings[SettingTable.DockerHost], _folder.Path, fallBack, cancellationToken),
            found => $"tasks run on {found.Description}");
        if (!scheduler.IsOk) return scheduler.Error;

        var (door, tasksUrl) = await FindDoorAsync(scheduler.Value, endpoint.Value, settings, cancellationToken);
        TasksUrl = tasksUrl;
        var connection = await ConnectAsync(stages, settings, cancellationToken);
        if (!connection.IsOk) return connection.Error;
        Postgres = connection.Value;

        var plan = new ServerPlan
        {
            Settings = settings.Configuration,
            Postgres = Postgres,
            Keys = keys.Value,
            Stores = stores.Value,
            Listen = endpoint.Value,
            TaskDoor = door,
            TasksUrl = tasksUrl,
            Scheduler = scheduler.Value,
            Migrate = true,
            Dev = true,
        };
        try
        {
            var started = await stages.RunAsync(
                "server", _ => ServerHost.StartAsync(plan, cancellationToken), host => $"server at {host.Url}");
            if (!started.IsOk) return started.Error;
            _host = started.Value;
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            return PortTaken(door is not null && !IsTaken(endpoint.Value) ? door : endpoint.Value);
        }
        catch (Exception e) when (ServerCommands.IsDatabase(e))
        {
            return ServerCommands.Away(Postgres, e);
        }

        _folder.Announce(Url.ToString());
        return null;
    }

    /// <summary>Whether somebody listens there. Asked before anything is started; who comes in between is found when the server binds.</summary>
    public static bool IsTaken(IPEndPoint endpoint)
    {
        try
        {
            using var listener = new TcpListener(endpoint);
            listener.Start();
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.AddressAlreadyInUse;
        }
    }

    /// <summary>
    /// Where tasks reach the API: processes where everybody does; containers at the address that their network has of this machine, where the server
    /// lets nobody in but tasks.
    /// </summary>
    private async Task<(IPEndPoint? Door, string? Url)> FindDoorAsync(SchedulerChoice scheduler, IPEndPoint endpoint, Settings settings, CancellationToken cancellationToken)
    {
        if (settings[SettingTable.PublicUrl] is not null) return (null, null);
        if (scheduler.Gateway is null) return (null, $"http://{endpoint}");
        string why;
        try
        {
            if (await scheduler.Gateway(cancellationToken) is { } gateway)
            {
                var door = new IPEndPoint(gateway, endpoint.Port);
                if (CanListen(door)) return (door, $"http://{door}");
                why = $"{door} is taken, or no address of this machine";
            }
            else
            {
                why = "their network has no address of this machine";
            }
        }
        catch (SchedulerUnavailableException e)
        {
            why = e.Message;
        }

        output.WriteLine($"  Containers do not reach this server: {why}. Name an address that they reach with {SettingTable.PublicUrl.Variable}.");
        return (null, null);
    }

    private static bool CanListen(IPEndPoint endpoint)
    {
        try
        {
            using var listener = new TcpListener(endpoint);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort(IPAddress address)
    {
        using var listener = new TcpListener(address, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static Error PortTaken(IPEndPoint endpoint) => new(
        ErrorKind.Conflict, ErrorCodes.InUse, $"Port {endpoint.Port} on {endpoint.Address} is taken. Name another with --listen, such as --listen 127.0.0.1:{endpoint.Port + 1}.");

    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        if (_postgres is not null) await _postgres.DisposeAsync();
        _folder?.Dispose();
    }

    private Result<KeyRing> FindKeys(Settings settings, string folder)
    {
        if (settings[SettingTable.SecretKeys] is { } named) return KeyRing.Parse(named);
        KeyFile = Path.Combine(folder, DevKey.FileName);
        return DevKey.Open(KeyFile);
    }

    private async Task<Result<string>> ConnectAsync(Stages stages, Settings settings, CancellationToken cancellationToken)
    {
        // A database that somebody named always wins over one of our own.
        if (settings[SettingTable.Postgres] is { } named) return ConnectionText.Parse(named);
        var started = await stages.RunAsync(
            "Postgres",
            progress => PrivatePostgres.StartAsync(_folder!, new PrivatePostgresOptions { Search = new PostgresSearch { Named = settings[SettingTable.PostgresBin] } }, progress, cancellationToken),
            found => found.Description);
        if (!started.IsOk) return started.Error;
        _postgres = started.Value;
        return _postgres.ConnectionString;
    }
}
