using System.Threading.Channels;
using Npgsql;

namespace Gofer.Bench.Limit;

/// <summary>A worker of the prototype: what it claims has ended at once. It waits for a NOTIFY where nothing is ready.</summary>
internal sealed class LimitWorker(NpgsqlDataSource source, LimitCompleter completer)
{
    private readonly Channel<bool> _woken = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Called with what was just claimed.</summary>
    public Action<IReadOnlyList<(long Run, short Task)>> Claimed { get; set; } = _ => { };

    /// <summary>Called with the number of runs that just ended.</summary>
    public Action<long> Ended { get; set; } = _ => { };

    /// <summary>Works until every run has ended; nobody wakes it.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        List<(long Run, short Task)> done = [];
        do
        {
            (var claimed, var ended) = await completer.AdvanceAsync(done, LimitCompleter.Batch, cancellationToken);
            if (ended > 0) Ended(ended);
            Claimed(claimed);
            done = claimed;
        }
        while (done.Count > 0);
    }

    /// <summary>Works whenever it is woken, until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        connection.Notification += (_, _) => _woken.Writer.TryWrite(true);
        await using (var listen = new NpgsqlCommand("listen limit_ready", connection)) await listen.ExecuteNonQueryAsync(cancellationToken);
        var listening = ListenAsync(connection, cancellationToken);
        try
        {
            while (true)
            {
                await DrainAsync(cancellationToken);
                await _woken.Reader.ReadAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await listening;
        }
    }

    private static async Task ListenAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            while (true) await connection.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // the worker stops
        }
    }
}
