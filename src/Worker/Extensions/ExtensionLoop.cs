using Gofer.Application.Extensions;
using Gofer.Infrastructure.Postgres;
using Gofer.Worker.Loops;
using Microsoft.Extensions.Logging;

namespace Gofer.Worker.Extensions;

/// <summary>
/// Sees to extensions: takes those that nobody holds, and renews what it holds. Any worker may, and each extension has one. Where the worker dies its containers go on, and
/// whoever takes the extension over finds them.
/// </summary>
internal sealed class ExtensionLoop(ExtensionTools tools, Horizon horizon, DatabaseWatch database, ILogger<ExtensionLoop> logger) : Loop(database, logger)
{
    private readonly Guid _worker = Guid.CreateVersion7(tools.Clock.GetUtcNow());
    private readonly Dictionary<ExtensionHold, ExtensionHost> _hosts = [];
    private string? _backend;

    /// <summary>Every event of anybody's wakes this.</summary>
    protected override TimeSpan Pause => TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    public override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!await horizon.UntilExtensionAsync(cancellationToken)) return;
        _backend ??= (await tools.Scheduler.ProbeAsync(cancellationToken)).Identity;
        var held = await tools.Board.HoldAsync(_worker, _backend, tools.Lease, cancellationToken);
        foreach (var extension in held)
        {
            if (_hosts.TryGetValue(extension.Hold, out var host)) host.Learn(extension);
        }

        // Those that are held no more, and those that came to their end: one that was disabled and is enabled again begins anew, under the same hold.
        var wanted = held.ToDictionary(h => h.Hold);
        var over = _hosts.Where(h => h.Value.IsOver || !wanted.ContainsKey(h.Key)).ToList();
        foreach (var (hold, _) in over) _hosts.Remove(hold);
        await Task.WhenAll(over.Select(h => h.Value.DisposeAsync().AsTask()));
        foreach (var extension in held)
        {
            if (!_hosts.ContainsKey(extension.Hold)) _hosts[extension.Hold] = new ExtensionHost(tools, extension, _backend);
        }

        horizon.NextExtension(_hosts.Count > 0 ? tools.Lease / 3 : null);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        foreach (var host in _hosts.Values) await host.DisposeAsync();
        if (_hosts.Count == 0) return;
        _hosts.Clear();
        try
        {
            await tools.Board.LetGoAsync(_worker, cancellationToken);
        }
        // The leases run out by themselves.
        catch (Exception e) when (DatabaseTrouble.IsAway(e) || e is OperationCanceledException)
        {
        }
    }
}
