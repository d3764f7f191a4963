using Gofer.Domain.Audit;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;
using NpgsqlTypes;

namespace Gofer.Infrastructure.Postgres.Audit;

/// <summary>
/// Seals the audit log. Changes write their entries side by side, each in a transaction of its own; what is committed is put in one order here, and
/// hashed in it. So no change waits for another because of the log, and the order is that of sealing.
/// </summary>
public sealed class AuditLog(NpgsqlDataSource source)
{
    /// <summary>Entries of one transaction.</summary>
    private const int Batch = 500;

    private const string Text = "insert into gofer.audit (type, outcome, actor, actor_name, namespace, pipeline, subject, data, trace_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    internal const string Columns = "a.id, a.at, a.type, a.outcome, a.actor, a.actor_name, a.namespace, a.pipeline, a.subject, a.data, a.trace_id";

    /// <summary>Seals what is not sealed yet; answers how much that was. Of many who do so at once one does it, and the others do nothing.</summary>
    public async Task<int> SealAsync(CancellationToken cancellationToken)
    {
        for (var done = 0; ;)
        {
            var count = await SealBatchAsync(cancellationToken);
            done += count;
            if (count < Batch) return done;
        }
    }

    /// <summary>Adds an entry in somebody's transaction.</summary>
    internal static async Task AddAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, AuditEntry entry, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Text, connection, transaction);
        foreach (var value in Values(entry)) command.Parameters.Add(value);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>What adds an entry among the writes of the engine.</summary>
    internal static NpgsqlBatchCommand Insert(AuditEntry entry) => Sql.Command(Text, Values(entry));

    private static NpgsqlParameter[] Values(AuditEntry entry) =>
    [
        .. ((string?[])[entry.Type, StateText.Of(entry.Outcome), entry.Actor, entry.ActorName, entry.Namespace, entry.Pipeline, entry.Subject, entry.Data, entry.TraceId])
            .Select(text => new NpgsqlParameter { Value = text ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text }),
    ];

    /// <summary>The entry in a row of <see cref="Columns"/>.</summary>
    internal static AuditEntry Read(NpgsqlDataReader row, int from) => new()
    {
        Id = row.GetInt64(from),
        At = row.GetFieldValue<DateTimeOffset>(from + 1),
        Type = row.GetString(from + 2),
        Outcome = StateText.Parse<AuditOutcome>(row.GetString(from + 3)),
        Actor = row.Text(from + 4),
        ActorName = row.Text(from + 5),
        Namespace = row.Text(from + 6),
        Pipeline = row.Text(from + 7),
        Subject = row.Text(from + 8),
        Data = row.GetString(from + 9),
        TraceId = row.Text(from + 10),
    };

    private async Task<int> SealBatchAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using (var any = new NpgsqlCommand("select exists (select from gofer.audit_open)", connection))
        {
            if (await any.ExecuteScalarAsync(cancellationToken) is not true) return 0;
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Whoever seals holds it to the end of the transaction: the next one sees the last seal.
        await using (var take = new NpgsqlCommand("select pg_try_advisory_xact_lock(hashtext('gofer.audit'))", connection, transaction))
        {
            if (await take.ExecuteScalarAsync(cancellationToken) is not true) return 0;
        }

        var (seq, hash) = await LastAsync(connection, transaction, cancellationToken);
        var entries = new List<AuditEntry>();
        await using (var open = new NpgsqlCommand(
            $"""
            with taken as (delete from gofer.audit_open where entry in (select entry from gofer.audit_open order by entry limit $1) returning entry)
            select {Columns} from taken t join gofer.audit a on a.id = t.entry order by a.id
            """,
            connection, transaction))
        {
            open.Parameters.Add(Sql.P(Batch));
            await using var row = await open.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken)) entries.Add(Read(row, 0));
        }

        var hashes = new List<byte[]>();
        foreach (var entry in entries) hashes.Add(hash = AuditChain.Next(hash, seq + hashes.Count + 1, entry));
        await using var write = new NpgsqlCommand(
            "insert into gofer.audit_seals (seq, entry, hash) select $1 + u.n, u.entry, u.hash from unnest($2, $3) with ordinality as u (entry, hash, n)", connection, transaction);
        write.Parameters.Add(Sql.P(seq));
        write.Parameters.Add(Sql.P(entries.Select(e => e.Id).ToArray()));
        write.Parameters.Add(new NpgsqlParameter { Value = hashes.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        await write.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return entries.Count;
    }

    private static async Task<(long Seq, byte[] Hash)> LastAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var last = new NpgsqlCommand("select seq, hash from gofer.audit_seals order by seq desc limit 1", connection, transaction);
        await using var row = await last.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? (row.GetInt64(0), row.GetFieldValue<byte[]>(1)) : (0, AuditChain.Start);
    }
}
