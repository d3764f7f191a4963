using System.Net.Http.Headers;
using System.Text;
using Gofer.Client;
using Gofer.Domain.Access;
using Gofer.Infrastructure.Secrets;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Docker;
using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Tests.Integration.Secrets;

/// <summary>
/// An install of real processes with a canary as its database's password, its key and its callers' token, of which everything that comes out is
/// kept: answers, what processes say, arguments, tables and files. Keys and addresses come by files, so that no process's environment has them.
/// </summary>
internal sealed class CanaryInstall : IAsyncDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly List<int> _own = [];
    private readonly List<(string Name, GoferProcess Process)> _processes = [];
    private readonly TestDatabase _database;
    private readonly NpgsqlDataSource _admin;
    private Task _watching = Task.CompletedTask;

    private CanaryInstall(TestDatabase database) => (_database, _admin) = (database, NpgsqlDataSource.Create(database.ConnectionString));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>What was planted; who plants more adds it.</summary>
    public List<Canary> Canaries { get; } = [];

    public Evidence Evidence { get; } = new();

    /// <summary>The scheduler's folder.</summary>
    public string Data { get; } = Directory.CreateTempSubdirectory("gofer-canaries-").FullName;

    /// <summary>Where tests and tasks put what is not searched.</summary>
    public string Aside { get; } = Directory.CreateTempSubdirectory("gofer-aside-").FullName;

    /// <summary>The default namespace, by the token that may do everything, with every answer kept.</summary>
    public Area Area { get; private set; } = null!;

    public Canary Token { get; private set; } = null!;

    public string Role { get; } = $"canary_{Guid.CreateVersion7():N}";

    /// <summary>The settings of every process.</summary>
    public IReadOnlyList<(string Key, string Value)> Settings { get; private set; } = [];

    public static async Task<CanaryInstall> StartAsync(string scheduler)
    {
        if (scheduler == "docker") await DockerEngine.EnsureAsync(Ct);
        var install = new CanaryInstall(await MigratedDatabase.CreateAsync(Ct));
        await install.StartProcessesAsync(scheduler);
        return install;
    }

    /// <summary>Runs a command with the install's settings and keeps what it says.</summary>
    public async Task<(int Exit, string Out, string Error)> GoferAsync(string? input, params string[] arguments)
    {
        var done = await GoferProcess.RunAsync(arguments, [.. Settings, ("GOFER_SERVER", Area.Http.BaseAddress!.ToString()), ("GOFER_TOKEN", Token.Value)], Aside, input);
        Evidence.Add($"command {string.Join(' ', arguments.Take(2))}", done.Out + done.Error);
        return done;
    }

    /// <summary>Runs a command with settings that are wrong and keeps what it says.</summary>
    public async Task GoferWithAsync(string[] arguments, params (string Key, string Value)[] settings)
    {
        var done = await GoferProcess.RunAsync(arguments, settings, Aside);
        Evidence.Add($"command {string.Join(' ', arguments)}", done.Out + done.Error);
    }

    /// <summary>The single text of a query.</summary>
    public async Task<string?> TextAsync(string sql)
    {
        await using var command = _admin.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Ct) as string;
    }

    /// <summary>The tables as they are now, and the files of the scheduler.</summary>
    public Task LookAtTablesAsync() => Evidence.AddDatabaseAsync(_database.ConnectionString, Ct);

    /// <summary>Ends all processes in order and keeps what they said.</summary>
    public async Task StopAsync()
    {
        foreach (var (_, process) in Enumerable.Reverse(_processes)) process.Signal("TERM");
        foreach (var (name, process) in _processes)
        {
            Assert.Equal(0, await process.ExitAsync());
            Evidence.Add($"process {name} stdout", process.Out);
            Evidence.Add($"process {name} stderr", process.Error);
        }

        await _over.CancelAsync();
        await _watching;
    }

    public async ValueTask DisposeAsync()
    {
        Area?.Dispose();
        foreach (var (_, process) in _processes) await process.DisposeAsync();
        await _over.CancelAsync();
        await _watching;
        _over.Dispose();
        await using (var drop = _admin.CreateCommand($"reassign owned by {Role} to current_user; drop role {Role}")) await drop.ExecuteNonQueryAsync();
        await _admin.DisposeAsync();
        await _database.DisposeAsync();
        foreach (var folder in new[] { Data, Aside }) Directory.Delete(folder, recursive: true);
    }

    private async Task StartProcessesAsync(string scheduler)
    {
        var (password, key) = (Plant("the password of the database"), KeyRing.Generate("canary"));
        Canaries.Add(Canary.OfKey("the key that secrets are sealed with", key[7..]));
        // By a session that ends: what it asked is shown as long as it lives.
        await using (var session = new NpgsqlConnection($"{_database.ConnectionString};Pooling=false"))
        {
            await session.OpenAsync(Ct);
            await using var role = new NpgsqlCommand($"create role {Role} superuser login password {Literal(password.Value)}", session);
            await role.ExecuteNonQueryAsync(Ct);
        }

        var postgres = new NpgsqlConnectionStringBuilder(_database.ConnectionString) { Username = Role, Password = password.Value }.ConnectionString;
        Settings = [File("GOFER_POSTGRES", postgres), File("GOFER_SECRETS__KEYS", key), ("GOFER_SECRETS__KEYS", ""), ("GOFER_API__AUTHENTICATION", "tokens")];
        _watching = Task.Run(() => Evidence.WatchProcessesAsync(_own, _over.Token), Ct);

        var api = Start("api", ["api", "--listen", "127.0.0.1:0"], Settings);
        var url = new Uri((await api.SaysAsync("Gofer answers at")).Split(' ')[^1]);
        using (var first = new HttpClient { BaseAddress = url })
        {
            // The one answer that a token may be in.
            using var made = await first.PostAsync(new Uri("/api/v1/tokens/bootstrap", UriKind.Relative), null, Ct);
            using var json = System.Text.Json.JsonDocument.Parse(await made.Content.ReadAsStringAsync(Ct));
            Token = PlantToken("the token of the caller", json.RootElement.GetProperty("token").GetString()!);
        }

        var http = new HttpClient(new Recorder(Evidence)) { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token.Value);
        Area = new Area("default", http, new GoferClient(http));
        var worker = Start("worker", ["worker", "--scheduler", scheduler, "--data", Data], [.. Settings, ("GOFER_WORKER__LEASE", "3s"), ("GOFER_PUBLIC_URL", url.ToString())]);
        await worker.SaysAsync("registered");
    }

    /// <summary>Plants a new value.</summary>
    public Canary Plant(string place) => Add(Canary.Plant(place));

    public Canary Add(Canary canary)
    {
        Canaries.Add(canary);
        return canary;
    }

    /// <summary>A token, but for its public part.</summary>
    public Canary PlantToken(string place, string token)
    {
        Assert.NotNull(TokenText.Parse(token));
        return Add(Canary.Of(place, token, token.LastIndexOf('_') + 1));
    }

    private GoferProcess Start(string name, IEnumerable<string> arguments, IEnumerable<(string Key, string Value)> settings)
    {
        // Nothing is handed to it by the test's own environment but an engine's address.
        var process = GoferProcess.Start(arguments, [.. settings, ("DOCKER_HOST", Environment.GetEnvironmentVariable("DOCKER_HOST") ?? "")]);
        _processes.Add((name, process));
        _own.Add(process.Id);
        return process;
    }

    private (string, string) File(string setting, string value)
    {
        var path = Path.Combine(Aside, setting);
        System.IO.File.WriteAllText(path, value, new UTF8Encoding(false));
        return ($"{setting}_FILE", path);
    }

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
