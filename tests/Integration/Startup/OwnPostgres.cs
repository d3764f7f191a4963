using System.Diagnostics;
using System.Globalization;
using Gofer.Infrastructure.Postgres.Embedded;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Startup;

/// <summary>A Postgres of one test's own that goes and comes back at the same address with the same data.</summary>
internal sealed class OwnPostgres : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("gofer-startup-").FullName;
    private readonly DataFolder _folder;
    private EmbeddedPostgres? _server;

    private OwnPostgres() => _folder = DataFolder.Open(_root).Value;

    /// <summary>Its address, the same after each start.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <summary>Starts one, empty.</summary>
    public static async Task<OwnPostgres> StartAsync()
    {
        var postgres = new OwnPostgres();
        await postgres.ComeAsync();
        return postgres;
    }

    /// <summary>Starts one, makes the schema, and stops it: all that is missing is a server that runs.</summary>
    public static async Task<OwnPostgres> StoppedAsync(bool migrated = true)
    {
        var postgres = await StartAsync();
        if (migrated) await postgres.MigrateAsync();
        await postgres.GoAsync();
        return postgres;
    }

    public async Task MigrateAsync()
    {
        var migrated = await GoferProcess.RunAsync(["migrate", "--postgres", ConnectionString]);
        Assert.True(migrated.Exit == 0, migrated.Error);
    }

    public async Task ComeAsync()
    {
        var started = await EmbeddedPostgres.StartAsync(_folder, new Progress<string>(), TestContext.Current.CancellationToken);
        _server = started.IsOk ? started.Value : throw new InvalidOperationException(started.Error.Message);
        Assert.True(ConnectionString == "" || ConnectionString == _server.ConnectionString, "It came at another address.");
        ConnectionString = _server.ConnectionString;
    }

    /// <summary>Ends it at once, as a machine that loses power does.</summary>
    public async Task GoAsync()
    {
        using var kill = Process.Start("kill", ["-QUIT", _server!.ProcessId.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        await _server.DisposeAsync(); // nobody starts it again
        _server = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        _folder.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}
