using System.Globalization;
using System.Security.Cryptography;
using Gofer.Application.Secrets;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Queue;
using Gofer.Infrastructure.Secrets;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Secrets;

/// <summary>
/// Holds an install to its keys: the first process that comes with a key of a name leaves a proof, and one that comes with another key under that
/// name does not start, rather than seal what nobody else opens. Where it <paramref name="demandsAll"/>, nor does one that lacks a key which something is
/// sealed with, rather than fail the tasks that need it.
/// </summary>
internal sealed class KeyProofs(NpgsqlDataSource source, KeyRing ring, bool demandsAll)
{
    /// <summary>Leaves proofs of keys that are new, and judges the others.</summary>
    public Task<Result> CheckAsync(Guid install, CancellationToken cancellationToken) => JudgeAsync(install, ProofAsync, cancellationToken);

    /// <summary>The same judgement, which leaves nothing behind.</summary>
    public Task<Result> LookAsync(Guid install, CancellationToken cancellationToken) =>
        JudgeAsync(install, (name, _, token) => FindAsync(name, token), cancellationToken);

    private async Task<Result> JudgeAsync(
        Guid install, Func<string, SealedPlace, CancellationToken, Task<SealedValue?>> proofOf, CancellationToken cancellationToken)
    {
        var place = SealedPlace.OfProof(install);
        foreach (var name in ring.Names)
        {
            try
            {
                if (await proofOf(name, place, cancellationToken) is { } proof) Envelope.Open(ring, place, proof);
            }
            catch (UnreadableSecretException)
            {
                return Error.Invalid(
                    "",
                    $"The key '{name}' of secrets.keys is not the one that this install knows by that name: what was sealed with it would not open. Give every api and worker the same keys; a new key needs a new name.");
            }
        }

        return demandsAll && await MissingAsync(cancellationToken) is var (missing, count)
            ? Error.Invalid(
                "",
                string.Create(CultureInfo.InvariantCulture, $"{count} secrets are sealed with the key '{missing}', which is not among secrets.keys: tasks that need one would fail. ")
                + "Add it behind the first. Where it is lost, 'gofer secret rotate-key --delete-lost' deletes what it sealed.")
            : Result.Ok;
    }

    /// <summary>The proof that the install has of a key of that name, which is one of this ring's where there was none.</summary>
    private async Task<SealedValue?> ProofAsync(string name, SealedPlace place, CancellationToken cancellationToken)
    {
        var made = Envelope.Seal(ring.Only(name), place, RandomNumberGenerator.GetBytes(16));
        while (true)
        {
            await using var command = source.CreateCommand(
                """
                with made as (
                    insert into gofer.secret_keys (name, wrapped_key, value) values ($1, $2, $3) on conflict do nothing returning wrapped_key, value)
                select wrapped_key, value from made union all select wrapped_key, value from gofer.secret_keys where name = $1 limit 1
                """);
            command.Parameters.Add(Sql.P(name));
            command.Parameters.Add(Sql.P(made.WrappedKey));
            command.Parameters.Add(Sql.P(made.Value));
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            // Nothing is seen where another process left one while this statement waited for it: the next statement sees it.
            if (await row.ReadAsync(cancellationToken)) return new SealedValue(name, row.GetFieldValue<byte[]>(0), row.GetFieldValue<byte[]>(1));
        }
    }

    private async Task<SealedValue?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select wrapped_key, value from gofer.secret_keys where name = $1");
        command.Parameters.Add(Sql.P(name));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? new SealedValue(name, row.GetFieldValue<byte[]>(0), row.GetFieldValue<byte[]>(1)) : null;
    }

    /// <summary>A key that something is sealed with and the ring does not have, and how much that is.</summary>
    private async Task<(string Name, long Count)?> MissingAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            select key_name, count(*) from (select key_name from gofer.secrets union all select key_name from gofer.attempt_secrets) s
            where key_name <> all ($1) group by key_name order by 2 desc limit 1
            """);
        command.Parameters.Add(Sql.Texts(ring.Names));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? (row.GetString(0), row.GetInt64(1)) : null;
    }
}
