using System.Text.Json;
using Gofer.Application.Common;
using Gofer.Application.Queue;
using Gofer.Application.Secrets;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using Gofer.Domain.Secrets;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Secrets;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Secrets;

/// <summary>
/// Reads a task's secrets from the store when an attempt begins and keeps them sealed beside it while it runs, so that whoever takes it over masks
/// what its container has, and not what the secrets are by then. Written under the fence before anything is started: a crash before it
/// leaves nothing, one after it leaves what the next holder uses.
/// </summary>
internal sealed class AttemptSecrets(
    NpgsqlDataSource source, ISecretStore store, KeyRing ring, GoferDatabase database, ObjectText objects) : ITaskSecrets
{
    /// <summary>Forgets those of attempts that are over and whose worker died before it could.</summary>
    public const string Sweep =
        """
        delete from gofer.attempt_secrets s where not exists (
            select from gofer.active_runs a join gofer.task_executions e on e.run_id = a.run_id
            where a.run_id = s.run_id and e.task = s.task and e.attempt = s.attempt and e.ended_at is null)
        """;

    /// <summary>Forgets the tokens of runs that have ended, which nobody is let in with since.</summary>
    public const string TokenSweep = "delete from gofer.run_tokens t where not exists (select from gofer.active_runs a where a.run_id = t.run_id)";

    /// <inheritdoc/>
    public async Task<Result<ResolvedSecrets>?> ResolveAsync(ClaimedTask task, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var (home, pipeline, kept) = await FindAsync(task, cancellationToken);
                if (kept is not null) return Unpack(Envelope.Open(ring, Place(task), kept));
                var read = await ReadAsync(task, home, pipeline, cancellationToken);
                if (!read.IsOk) return read;
                if (await KeepAsync(task, read.Value, cancellationToken)) return read;
                // Another holder kept them at the same moment, and those count; or the task is not this worker's any more.
                if (!await IsHeldAsync(task, cancellationToken)) return null;
            }
        }
        catch (UnreadableSecretException unreadable)
        {
            return Missing(unreadable.Message);
        }
        catch (Exception e) when (e is not StoreUnavailableException && DatabaseTrouble.IsAway(e))
        {
            throw new StoreUnavailableException(DatabaseTrouble.Reason(e), e);
        }
    }

    /// <inheritdoc/>
    public async Task ForgetAsync(ClaimedTask task, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("delete from gofer.attempt_secrets where run_id = $1 and task = $2 and attempt = $3");
        Add(command, task);
        try
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception e) when (DatabaseTrouble.IsAway(e))
        {
            // housekeeping
        }
    }

    private async Task<(NamespaceId Home, PipelineId Pipeline, SealedValue? Kept)> FindAsync(ClaimedTask task, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            select r.namespace_id, r.pipeline_id, s.key_name, s.wrapped_key, s.value from gofer.runs r
            left join gofer.attempt_secrets s on s.run_id = r.id and s.task = $2 and s.attempt = $3 where r.id = $1
            """);
        Add(command, task);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        if (!await row.ReadAsync(cancellationToken)) throw new InvalidOperationException($"There is no run {task.Held.Run}.");
        var kept = row.IsDBNull(2) ? null : new SealedValue(row.GetString(2), row.GetFieldValue<byte[]>(3), row.GetFieldValue<byte[]>(4));
        return (new NamespaceId(row.GetGuid(0)), new PipelineId(row.GetGuid(1)), kept);
    }

    private async Task<Result<ResolvedSecrets>> ReadAsync(ClaimedTask task, NamespaceId home, PipelineId pipeline, CancellationToken cancellationToken)
    {
        var values = new Dictionary<(string, string), string>();
        foreach (var (kind, key) in task.References())
        {
            if (kind == Interpolation.RunToken)
            {
                values[(kind, key)] = TokenText.NewOfRun().Reveal();
                continue;
            }

            if (SecretReferences.ScopeOf(kind, home, pipeline) is not { } scope)
            {
                var text = await objects.ReadAsync(task, home, pipeline, kind, key, cancellationToken);
                if (!text.IsOk) return text.Error;
                values[(kind, key)] = text.Value;
                continue;
            }

            var found = await store.ReadForAsync(scope, key, task.Namespace, cancellationToken);
            if (found is null) return Missing($"There is no {Where(scope, task)} secret '{key}'. Set it with: gofer secret set {key}{Flags(scope, task)}");
            values[(kind, key)] = found.Value.Reveal();
        }

        return new ResolvedSecrets(values);
    }

    private static string Where(SecretScope scope, ClaimedTask task) => scope switch
    {
        SecretScope.Global => $"global (for the namespace '{task.Namespace}')",
        SecretScope.OfNamespace => $"namespace ('{task.Namespace}')",
        _ => $"pipeline ('{task.Pipeline}')",
    };

    private static string Flags(SecretScope scope, ClaimedTask task) => scope switch
    {
        SecretScope.Global => $" --global --for {task.Namespace}",
        SecretScope.OfNamespace => $" -n {task.Namespace}",
        _ => $" -n {task.Namespace} -p {task.Pipeline}",
    };

    private static Error Missing(string message) => new(ErrorKind.NotFound, Reasons.MissingSecret, message);

    private async Task<bool> KeepAsync(ClaimedTask task, ResolvedSecrets secrets, CancellationToken cancellationToken)
    {
        var kept = Envelope.Seal(ring, Place(task), Pack(secrets));
        await using var command = source.CreateCommand(
            """
            with kept as (
                insert into gofer.attempt_secrets (run_id, task, attempt, key_name, wrapped_key, value)
                select $1, $2, $3, $5, $6, $7 where exists (
                    select from gofer.task_executions e where e.run_id = $1 and e.task = $2 and e.attempt = $3 and e.fence = $4 and e.worker_id is not null)
                on conflict do nothing returning 1),
            token as (insert into gofer.run_tokens (id, hash, run_id) select $8, $9, $1 from kept where $8 is not null)
            select count(*) from kept
            """);
        Add(command, task);
        command.Parameters.Add(Sql.P(task.Held.Fence));
        command.Parameters.Add(Sql.P(kept.KeyName));
        command.Parameters.Add(Sql.P(kept.WrappedKey));
        command.Parameters.Add(Sql.P(kept.Value));
        // With what it is kept by, or not at all: a token that nobody was given lets nobody in.
        var token = secrets.Values.TryGetValue((Interpolation.RunToken, ""), out var text) ? TokenText.Parse(text) : null;
        command.Parameters.Add(Sql.P(token?.Id));
        command.Parameters.Add(Sql.P(token?.Hash));
        return await command.ExecuteScalarAsync(cancellationToken) is > 0L;
    }

    private async Task<bool> IsHeldAsync(ClaimedTask task, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            "select exists (select from gofer.task_executions where run_id = $1 and task = $2 and attempt = $3 and fence = $4 and worker_id is not null)");
        Add(command, task);
        command.Parameters.Add(Sql.P(task.Held.Fence));
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static void Add(NpgsqlCommand command, ClaimedTask task)
    {
        command.Parameters.Add(Sql.P(task.Held.Run.Value));
        command.Parameters.Add(Sql.P(task.Held.Task));
        command.Parameters.Add(Sql.P(task.Attempt));
    }

    private static byte[] Pack(ResolvedSecrets secrets) =>
        JsonSerializer.SerializeToUtf8Bytes(secrets.Values.Select(v => new[] { v.Key.Kind, v.Key.Key, v.Value }).ToArray());

    private static ResolvedSecrets Unpack(byte[] bytes) =>
        new(JsonSerializer.Deserialize<string[][]>(bytes)!.ToDictionary(v => (v[0], v[1]), v => v[2]));

    private SealedPlace Place(ClaimedTask task) => SealedPlace.OfAttempt(database.Install, task.Held.Run, task.Held.Task, task.Attempt);
}
