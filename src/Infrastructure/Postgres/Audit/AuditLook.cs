using System.Globalization;
using Gofer.Domain.Audit;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Audit;

/// <summary>The audit log as somebody finds it who only looks.</summary>
/// <param name="Sealed">How many entries the chain has.</param>
/// <param name="Read">How many of them, the newest, were read and computed anew.</param>
/// <param name="Head">The chain's last hash, in hexadecimal; zeros where there is none.</param>
/// <param name="Fault">What is wrong, or null.</param>
/// <param name="Waiting">How long the oldest entry waits for its seal; null where none does.</param>
public sealed record AuditLook(long Sealed, long Read, string Head, string? Fault, TimeSpan? Waiting)
{
    /// <summary>What stands between the log and whoever would change it.</summary>
    private static readonly string[] s_triggers = ["audit_append_only", "audit_opens", "audit_seals_append_only"];

    /// <summary>
    /// Reads the log, or its <paramref name="newest"/> entries, and computes its chain anew; null where there is no log yet. <paramref name="known"/> is a
    /// place and the hash that somebody wrote down of it: a log that was cut and written on has another one there.
    /// </summary>
    /// <exception cref="NpgsqlException">The database does not answer, or does not let this program in.</exception>
    public static async Task<AuditLook?> AtAsync(string connection, (long Seq, string Hash)? known, int? newest, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var opened = await source.OpenConnectionAsync(cancellationToken);
        // One moment for all that is read: who seals meanwhile is seen whole or not at all.
        await using var transaction = await opened.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        try
        {
            var (from, entry, hash) = newest is { } most ? await BaseAsync(opened, most, cancellationToken) : (0, 0, AuditChain.Start);
            var (count, head, fault) = await ChainAsync(opened, from, hash, known, cancellationToken);
            fault ??= await GuardAsync(opened, cancellationToken);
            var (waiting, lost) = await OpenAsync(opened, entry, cancellationToken);
            if (fault is null && lost > 0) fault = Text($"{lost} of its entries have no seal and wait for none: somebody took them out of the order.");
            return new AuditLook(count, count - from, Convert.ToHexStringLower(head), fault, waiting);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            return null;
        }
    }

    private static async Task<(long Count, byte[] Head, string? Fault)> ChainAsync(
        NpgsqlConnection connection, long from, byte[] start, (long Seq, string Hash)? known, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select s.seq, s.hash, {AuditLog.Columns} from gofer.audit_seals s left join gofer.audit a on a.id = s.entry where s.seq > $1 order by s.seq", connection)
        { CommandTimeout = 0 };
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = from });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var (seq, hash) = (from, start);
        while (await row.ReadAsync(cancellationToken))
        {
            var next = seq + 1;
            if (row.GetInt64(0) != next) return (seq, hash, Text($"The entry at place {next} is missing."));
            if (await row.IsDBNullAsync(2, cancellationToken)) return (seq, hash, Text($"The entry at place {next} was deleted; its seal is there."));
            var entry = AuditLog.Read(row, 2);
            var wanted = AuditChain.Next(hash, next, entry);
            if (!wanted.AsSpan().SequenceEqual(row.GetFieldValue<byte[]>(1)))
            {
                return (seq, hash, Text($"The entry at place {next} ({entry.Type}, {entry.At:yyyy-MM-dd HH:mm:ss}) is not what was sealed there, or what came before it is not."));
            }

            (seq, hash) = (next, wanted);
            if (known is { } given && given.Seq == seq && !string.Equals(given.Hash, Convert.ToHexStringLower(hash), StringComparison.OrdinalIgnoreCase))
            {
                return (seq, hash, Text($"At place {seq} the chain has another hash than the one that is known: it was cut and written anew."));
            }
        }

        return known is { } beyond && beyond.Seq > seq
            ? (seq, hash, Text($"The chain ends at place {seq}, before the one that is known, {beyond.Seq}: entries were taken off its end."))
            : (seq, hash, null);
    }

    /// <summary>Where the newest entries begin: the place before them, the entry there, and the hash that they stand on, which is believed.</summary>
    private static async Task<(long Seq, long Entry, byte[] Hash)> BaseAsync(NpgsqlConnection connection, int newest, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "select seq, entry, hash from gofer.audit_seals where seq <= (select max(seq) from gofer.audit_seals) - $1 order by seq desc limit 1", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = newest });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? (row.GetInt64(0), row.GetInt64(1), row.GetFieldValue<byte[]>(2)) : (0, 0, AuditChain.Start);
    }

    private static async Task<string?> GuardAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "select t.name from unnest($1) as t (name) where not exists (select from pg_trigger g where g.tgname = t.name and g.tgrelid in ('gofer.audit'::regclass, 'gofer.audit_seals'::regclass) and g.tgenabled in ('O', 'A')) limit 1", connection);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = s_triggers });
        return await command.ExecuteScalarAsync(cancellationToken) is string missing ? $"The trigger {missing}, which keeps the log from being changed, is gone or switched off." : null;
    }

    private static async Task<(TimeSpan? Waiting, long Lost)> OpenAsync(NpgsqlConnection connection, long from, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            select (select now() - min(a.at) from gofer.audit_open o join gofer.audit a on a.id = o.entry),
                (select count(*) from gofer.audit a where a.id > $1 and not exists (select from gofer.audit_seals s where s.entry = a.id) and not exists (select from gofer.audit_open o where o.entry = a.id))
            """,
            connection)
        { CommandTimeout = 0 };
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = from });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (await row.IsDBNullAsync(0, cancellationToken) ? null : row.GetTimeSpan(0), row.GetInt64(1));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
