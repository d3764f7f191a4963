using System.Diagnostics;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// How long a worker waits for the answer to what it sends in one go: a third of its lease, so that a connection which carries nothing any more,
/// and which nobody says anything of, costs it one look and not its tasks. Not for a whole transaction, nor for a connection to be made, which
/// take many answers where the network is slow. An honest answer may take longer too: each time the wait was too short it is doubled, up to
/// <see cref="Longest"/>, until a minute has passed in which it was not. Without a lease it is <see cref="Longest"/> from the start.
/// </summary>
internal sealed class LeaseDeadline(NpgsqlDataSource source)
{
    /// <summary>The longest wait, that of every statement (<see cref="NpgsqlConnectionStringBuilder.CommandTimeout"/>).</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    /// <summary>The shortest wait, however short the lease: what a busy server and a busy process need.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_calm = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private TimeSpan _own = Longest;
    private TimeSpan _wait = Longest;
    private long _passed;

    /// <summary>The wait of what begins now.</summary>
    public TimeSpan Wait
    {
        get
        {
            lock (_gate)
            {
                if (_wait > _own && Stopwatch.GetElapsedTime(_passed) > s_calm) _wait = _own;
                return _wait;
            }
        }
    }

    /// <summary>The wait for a renewal, which is never longer: after it there must be time for another.</summary>
    private static TimeSpan OfRenewal(TimeSpan lease) => TimeSpan.FromTicks(Math.Clamp((lease / 3).Ticks, Shortest.Ticks, Longest.Ticks));

    /// <summary>From here on a lease of that length is at stake.</summary>
    public void Measure(TimeSpan lease)
    {
        lock (_gate) _wait = _own = OfRenewal(lease);
    }

    /// <summary>
    /// The work's answer. Where it is not there in time the work is cancelled, and <see cref="TimeoutException"/> says so; what it was about
    /// may have been committed nevertheless.
    /// </summary>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        var wait = Wait;
        return await RunAsync(wait, work, () => Pass(wait), cancellationToken);
    }

    /// <summary>The same of one question on a connection of its own.</summary>
    public async Task<T> AskAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await RunAsync(token => work(connection, token), cancellationToken);
    }

    /// <summary>The same with the wait of a renewal.</summary>
    public async Task<T> RenewAsync<T>(TimeSpan lease, Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await RunAsync(OfRenewal(lease), token => work(connection, token), source.Clear, cancellationToken);
    }

    /// <summary>What is thrown where the wait was over.</summary>
    public static TimeoutException Passed(OperationCanceledException e) => new("The database gave no answer in time; the lease goes on meanwhile.", e);

    private static async Task<T> RunAsync<T>(TimeSpan wait, Func<CancellationToken, Task<T>> work, Action passed, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(wait);
        try
        {
            var answer = await work(limit.Token);
            // A cancel that came too late for what was read, and whoever reads on finds it.
            if (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested) passed();
            return answer;
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            passed();
            throw Passed(e);
        }
    }

    private void Pass(TimeSpan wait)
    {
        lock (_gate)
        {
            _passed = Stopwatch.GetTimestamp();
            // Of many that passed at once the first counts.
            if (wait < _wait) return;
            _wait = wait * 2 < Longest ? wait * 2 : Longest;
        }

        // What failed one connection has likely failed its neighbours: each of them would cost another wait.
        source.Clear();
    }
}
