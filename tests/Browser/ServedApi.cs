using System.Net;
using Gofer.Cli.Hosting;
using Gofer.Tests.Support;
using Gofer.Tests.Support.Postgres;
using Microsoft.Extensions.Configuration;

namespace Gofer.Tests.Browser;

/// <summary>The API on real Kestrel over a database of its own.</summary>
public sealed class ServedApi : IAsyncLifetime
{
    private TestDatabase? _database;
    private ServerHost? _host;

    /// <summary>Where it answers.</summary>
    public Uri Url => _host!.Url!;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _database = await MigratedDatabase.CreateAsync(TestContext.Current.CancellationToken);
        var plan = new ServerPlan
        {
            Settings = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Gofer:Api:Authentication"] = "none" }).Build(),
            Postgres = _database.ConnectionString,
            Keys = TestKeys.Ring,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
        };
        var started = await ServerHost.StartAsync(plan, TestContext.Current.CancellationToken);
        _host = started.IsOk ? started.Value : throw new InvalidOperationException(started.Error.Message);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        if (_database is not null) await _database.DisposeAsync();
    }
}
