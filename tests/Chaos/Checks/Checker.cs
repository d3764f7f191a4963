using Gofer.Domain.Runs;
using Gofer.Tests.Chaos.Faults;
using Gofer.Tests.Chaos.Install;
using Gofer.Tests.Chaos.Load;
using Npgsql;

namespace Gofer.Tests.Chaos.Checks;

/// <summary>Looks at all invariants every two seconds, over a connection that no fault of the proxy touches; where Postgres is away it waits.</summary>
internal sealed class Checker(GoferInstall install, ClientJournal clients, TaskJournal journal, IReadOnlyList<Fault> faults, IReadOnlyList<Invariant> invariants)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(2);
    private readonly HashSet<Guid> _seenEnded = [];
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(install.Direct + ";Pooling=false");

    public Audit Audit { get; } = new();

    /// <summary>Passes that found the database there.</summary>
    public int Passes { get; private set; }

    /// <summary>Passes that did not.</summary>
    public int Missed { get; private set; }

    /// <summary>How long a transaction was seen to wait for its process, holding what it had locked.</summary>
    public TimeSpan LongestIdle { get; private set; }

    public bool AnyViolation => invariants.Any(i => i.Violations.Count > 0);

    /// <summary>
    /// Checks until cancelled; calls <paramref name="violated"/> once, at the first violation, and <paramref name="looked"/> after one more look
    /// at everything: the audit shows a write later than its consequences are seen in the tables.
    /// </summary>
    public async Task RunAsync(Action violated, Action looked, CancellationToken cancellationToken)
    {
        var told = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(s_pause, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested) return;
            await PassAsync(final: false);
            if (!AnyViolation || told > 1) continue;
            if (told++ == 0) violated();
            else looked();
        }
    }

    /// <summary>One pass; false where the database was away.</summary>
    public async Task<bool> PassAsync(bool final)
    {
        try
        {
            await LookAsync(final);
            Passes++;
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
        {
            Missed++;
            if (final) Console.WriteLine($"The last pass could not look: {e.Message}");
            return false;
        }
    }

    /// <summary>The number that a query answers; null where the database is away.</summary>
    public async Task<long?> CountAsync(string sql)
    {
        try
        {
            await using var command = _source.CreateCommand(sql);
            return (long?)await command.ExecuteScalarAsync();
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            return null;
        }
    }

    private async Task LookAsync(bool final)
    {
        IReadOnlyCollection<Acknowledged> acknowledged = [.. clients.Acknowledged.Values];
        await using var connection = await _source.OpenConnectionAsync();
        await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        var runs = await Facts.RunsAsync(connection, CancellationToken.None);
        await Audit.ReadAsync(connection, CancellationToken.None);
        await journal.ReadAsync();
        var idle = await connection.ListAsync(
            "select coalesce(max(clock_timestamp() - state_change), interval '0') from pg_stat_activity where state = 'idle in transaction' and application_name like any('{worker-%,api-%}')",
            row => row.GetTimeSpan(0), CancellationToken.None);
        if (idle[0] > LongestIdle) LongestIdle = idle[0];
        List<RunFact> ended = [.. runs.Where(r => r.State.IsFinal() && (final || !_seenEnded.Contains(r.Id)))];
        var ids = ended.Select(r => r.Id).ToArray();
        var evidence = new Evidence
        {
            Final = final,
            Pass = Passes,
            Connection = connection,
            Install = install,
            Clients = clients,
            Journal = journal,
            Audit = Audit,
            Faults = faults,
            Acknowledged = acknowledged,
            Runs = runs,
            Ended = ended,
            Tasks = await Facts.TasksAsync(connection, ids, CancellationToken.None),
            Attempts = await Facts.AttemptsAsync(connection, ids, CancellationToken.None),
            Events = await Facts.EventsAsync(connection, ids, CancellationToken.None),
            Stopping = CancellationToken.None,
        };
        foreach (var invariant in invariants) await invariant.CheckAsync(evidence);
        foreach (var run in ended) _seenEnded.Add(run.Id);
    }
}
