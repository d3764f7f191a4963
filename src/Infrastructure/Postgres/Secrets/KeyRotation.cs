using System.Text.Json;
using Gofer.Application.Common;
using Gofer.Application.Secrets;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Secrets;
using Gofer.Infrastructure.Postgres.Audit;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Secrets;
using Npgsql;
using NpgsqlTypes;

namespace Gofer.Infrastructure.Postgres.Secrets;

/// <summary>
/// Wraps the keys of all that is sealed with the ring's first key, batch by batch, each in a transaction of its own: what a crash leaves is wrapped
/// with one key or the other, whole, and the next call goes on with the rest. Values are not touched, and are readable throughout by whoever has
/// both keys. Any number may run at a time, beside servers at work.
/// </summary>
public sealed class KeyRotation(NpgsqlDataSource source, KeyRing ring, GoferDatabase database)
{
    /// <summary>Rows of one transaction: few enough that a writer of one of them hardly waits.</summary>
    public const int Batch = 200;

    /// <summary>Secrets, with the namespace that a pipeline's is bound to.</summary>
    private const string NextSecrets =
        """
        select s.owner, s.key, s.kind, s.version, s.key_name, s.wrapped_key, s.value, p.namespace_id
        from gofer.secrets s left join gofer.pipelines p on s.kind = 'pipeline' and p.id = s.owner
        where s.key_name <> $1 and (s.owner, s.key) > ($2, $3) order by s.owner, s.key limit $4 for update of s
        """;

    private const string NextAttempts =
        """
        select run_id, task, attempt, key_name, wrapped_key, value from gofer.attempt_secrets
        where key_name <> $1 and (run_id, task, attempt) > ($2, $3, $4) order by run_id, task, attempt limit $5 for update
        """;

    /// <summary>Runs it to its end. <paramref name="progress"/> hears how many were done so far.</summary>
    public async Task<Rotated> RunAsync(IProgress<int> progress, CancellationToken cancellationToken)
    {
        await NoteAsync(AuditTypes.KeyRotated, AuditOutcome.Asked, new { Key = ring.Active }, cancellationToken);
        var (done, stuck) = (0, new List<string>());
        (Guid Owner, string Key) secret = (Guid.Empty, "");
        while (await SecretsAsync(secret, stuck, cancellationToken) is { } batch)
        {
            secret = batch.Last;
            progress.Report(done += batch.Count);
        }

        (Guid Run, int Task, int Attempt) attempt = (Guid.Empty, -1, -1);
        while (await AttemptsAsync(attempt, stuck, cancellationToken) is { } batch)
        {
            attempt = batch.Last;
            progress.Report(done += batch.Count);
        }

        var needed = await NeededAsync(cancellationToken);
        await NoteAsync(AuditTypes.KeyRotated, AuditOutcome.Done, new { Key = ring.Active, Count = done, Needed = needed }, cancellationToken);
        return new Rotated(done, stuck, needed);
    }

    /// <summary>Deletes what is sealed with keys that the ring does not have; answers how many.</summary>
    public async Task<int> DeleteLostAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var deleted = 0;
        foreach (var table in (string[])["secrets", "attempt_secrets"])
        {
            await using var command = new NpgsqlCommand($"delete from gofer.{table} where key_name <> all ($1)", connection, transaction);
            command.Parameters.Add(Sql.Texts(ring.Names));
            deleted += await command.ExecuteNonQueryAsync(cancellationToken);
        }

        await AuditLog.AddAsync(connection, transaction, Entry(AuditTypes.KeyLost, AuditOutcome.Done, new { Deleted = deleted }), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return deleted;
    }

    private async Task<List<string>> NeededAsync(CancellationToken cancellationToken)
    {
        await using var left = source.CreateCommand(
            """
            select k.name from (select key_name as name from gofer.secrets union select key_name from gofer.attempt_secrets) k where k.name <> $1 order by 1
            """);
        left.Parameters.Add(Sql.P(ring.Active));
        await using var rows = await left.ExecuteReaderAsync(cancellationToken);
        var needed = new List<string>();
        while (await rows.ReadAsync(cancellationToken)) needed.Add(rows.GetString(0));
        return needed;
    }

    /// <summary>A rotation is many transactions, so one entry is before the first and one after the last.</summary>
    private async Task NoteAsync(string type, AuditOutcome outcome, object data, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await AuditLog.AddAsync(connection, transaction: null, Entry(type, outcome, data), cancellationToken);
    }

    /// <summary>Whoever runs this has the database and the keys, and shows nobody a token.</summary>
    private static AuditEntry Entry(string type, AuditOutcome outcome, object data) =>
        new() { Type = type, Outcome = outcome, ActorName = "operator", Data = JsonSerializer.Serialize(data, GoferJson.Options) };

    private async Task<((Guid Owner, string Key) Last, int Count)?> SecretsAsync((Guid Owner, string Key) after, List<string> stuck, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var found = new List<(Guid Owner, string Key, SealedPlace Place, SealedValue Value)>();
        await using (var next = new NpgsqlCommand(NextSecrets, connection, transaction))
        {
            foreach (var parameter in (NpgsqlParameter[])[Sql.P(ring.Active), Sql.P(after.Owner), Sql.P(after.Key), Sql.P(Batch)]) next.Parameters.Add(parameter);
            await using var row = await next.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
            {
                var (owner, key) = (row.GetGuid(0), row.GetString(1));
                SecretScope scope = row.GetString(2) switch
                {
                    "pipeline" => new SecretScope.OfPipeline(new NamespaceId(row.Maybe<Guid>(7) ?? Guid.Empty), new PipelineId(owner)),
                    "namespace" => new SecretScope.OfNamespace(new NamespaceId(owner)),
                    _ => new SecretScope.Global(),
                };
                found.Add((owner, key, SealedPlace.OfSecret(database.Install, scope, key, row.GetInt32(3)), Sealed(row, 4)));
            }
        }

        if (found.Count == 0) return null;
        var rewrapped = found.Select(f => (f.Owner, f.Key, Value: Rewrap(f.Place, f.Value, stuck))).Where(f => f.Value is not null).ToList();
        await using var write = new NpgsqlCommand(
            """
            update gofer.secrets s set key_name = $1, wrapped_key = u.wrapped_key from unnest($2, $3, $4) as u (owner, key, wrapped_key)
            where s.owner = u.owner and s.key = u.key
            """,
            connection, transaction);
        write.Parameters.Add(Sql.P(ring.Active));
        write.Parameters.Add(Sql.P(rewrapped.Select(r => r.Owner).ToArray()));
        write.Parameters.Add(Sql.Texts(rewrapped.Select(r => r.Key)));
        write.Parameters.Add(new NpgsqlParameter { Value = rewrapped.Select(r => r.Value!.WrappedKey).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        await write.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return ((found[^1].Owner, found[^1].Key), rewrapped.Count);
    }

    private async Task<((Guid Run, int Task, int Attempt) Last, int Count)?> AttemptsAsync(
        (Guid Run, int Task, int Attempt) after, List<string> stuck, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var found = new List<(Guid Run, int Task, int Attempt, SealedValue Value)>();
        await using (var next = new NpgsqlCommand(NextAttempts, connection, transaction))
        {
            foreach (var parameter in (NpgsqlParameter[])[Sql.P(ring.Active), Sql.P(after.Run), Sql.P(after.Task), Sql.P(after.Attempt), Sql.P(Batch)]) next.Parameters.Add(parameter);
            await using var row = await next.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken)) found.Add((row.GetGuid(0), row.GetInt32(1), row.GetInt32(2), Sealed(row, 3)));
        }

        if (found.Count == 0) return null;
        var rewrapped = found
            .Select(f => (f.Run, f.Task, f.Attempt, Value: Rewrap(SealedPlace.OfAttempt(database.Install, new RunId(f.Run), f.Task, f.Attempt), f.Value, stuck)))
            .Where(f => f.Value is not null).ToList();
        await using var write = new NpgsqlCommand(
            """
            update gofer.attempt_secrets s set key_name = $1, wrapped_key = u.wrapped_key from unnest($2, $3, $4, $5) as u (run_id, task, attempt, wrapped_key)
            where s.run_id = u.run_id and s.task = u.task and s.attempt = u.attempt
            """,
            connection, transaction);
        write.Parameters.Add(Sql.P(ring.Active));
        write.Parameters.Add(Sql.P(rewrapped.Select(r => r.Run).ToArray()));
        write.Parameters.Add(Sql.P(rewrapped.Select(r => r.Task).ToArray()));
        write.Parameters.Add(Sql.P(rewrapped.Select(r => r.Attempt).ToArray()));
        write.Parameters.Add(new NpgsqlParameter { Value = rewrapped.Select(r => r.Value!.WrappedKey).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        await write.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return ((found[^1].Run, found[^1].Task, found[^1].Attempt), rewrapped.Count);
    }

    /// <summary>The value under the first key, or null where it does not open: it stays as it is, and is said.</summary>
    private SealedValue? Rewrap(SealedPlace place, SealedValue value, List<string> stuck)
    {
        try
        {
            return Envelope.Rewrap(ring, place, value);
        }
        catch (UnreadableSecretException unreadable)
        {
            stuck.Add(unreadable.Message);
            return null;
        }
    }

    private static SealedValue Sealed(NpgsqlDataReader row, int from) =>
        new(row.GetString(from), row.GetFieldValue<byte[]>(from + 1), row.GetFieldValue<byte[]>(from + 2));
}

/// <summary>What a rotation came to.</summary>
/// <param name="Count">How many were wrapped anew.</param>
/// <param name="Stuck">Why others could not be, a sentence each.</param>
/// <param name="Needed">Names of other keys that something is sealed with still.</param>
public sealed record Rotated(int Count, IReadOnlyList<string> Stuck, IReadOnlyList<string> Needed);
