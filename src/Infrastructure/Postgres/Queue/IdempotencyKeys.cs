using Gofer.Application.Runs;
using Gofer.Domain.Common;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// Idempotency keys, written by the transaction that does the work. A rival under the same key waits at the insert until that
/// transaction ends, then finds its answer.
/// </summary>
internal static class IdempotencyKeys
{
    /// <summary>How long an answer is kept.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromHours(24);

    /// <summary>Forgets answers older than <see cref="Retention"/>, which is <c>$1</c>.</summary>
    public const string Expire = "delete from gofer.idempotency_keys where created_at < now() - $1";

    /// <summary>Takes the keys of the given orders; fills in the answers of those that were used before.</summary>
    public static async Task TakeAsync(
        EngineSession session, IReadOnlyList<CreateOrder> orders, IReadOnlyList<int> keyed, Result<CreateAnswer>?[] answers,
        CancellationToken cancellationToken)
    {
        var taken = await TakeAsync(session, [.. keyed.Select(i => orders[i].Claim!)], cancellationToken);
        foreach (var i in keyed.Where(i => !taken.Contains((orders[i].Claim!.Scope, orders[i].Claim!.Key))))
        {
            answers[i] = await ReplayAsync(session, orders[i].Claim!, cancellationToken);
        }
    }

    /// <summary>Takes one key; the answer of the request that used it before, null where none did.</summary>
    public static async Task<Result<CreateAnswer>?> TakeAsync(EngineSession session, IdempotencyClaim claim, CancellationToken cancellationToken) =>
        (await TakeAsync(session, [claim], cancellationToken)).Count == 1 ? (Result<CreateAnswer>?)null : await ReplayAsync(session, claim, cancellationToken);

    private static async Task<HashSet<(string Scope, string Key)>> TakeAsync(EngineSession session, List<IdempotencyClaim> wanted, CancellationToken cancellationToken)
    {
        var claims = wanted.OrderBy(c => c.Scope, StringComparer.Ordinal).ThenBy(c => c.Key, StringComparer.Ordinal).ToList();
        var taken = new HashSet<(string, string)>();
        var insert = Sql.Command(
#if SABOTAGE_KEY // looked at, not taken
            """
            select u.scope, u.key from unnest($1, $2, $3) as u (scope, key, hash)
            where not exists (select from gofer.idempotency_keys k where k.scope = u.scope and k.key = u.key)
            """,
#else
            """
            insert into gofer.idempotency_keys (scope, key, hash) select * from unnest($1, $2, $3)
            on conflict do nothing returning scope, key
            """,
#endif
            Sql.Texts(claims.Select(c => c.Scope)), Sql.Texts(claims.Select(c => c.Key)), Sql.P(claims.Select(c => c.Hash).ToArray()));
        await using var reader = await session.ReadAsync(cancellationToken, insert);
        while (await reader.ReadAsync(cancellationToken)) taken.Add((reader.GetString(0), reader.GetString(1)));
        return taken;
    }

    /// <summary>Keeps the answers of what was done and gives back the keys of what was refused.</summary>
    public static void Keep(Writes writes, IReadOnlyList<(IdempotencyClaim Claim, StoredAnswer Answer)> done, IReadOnlyList<IdempotencyClaim> refused)
    {
#if SABOTAGE_KEY // withheld until after the commit by LateWrites
        if (done.Count > 0)
        {
            writes.Add(
                "insert into gofer.idempotency_keys (scope, key, hash, status, location, body) select * from unnest($1, $2, $3, $4, $5, $6) on conflict do nothing",
                Sql.Texts(done.Select(d => d.Claim.Scope)), Sql.Texts(done.Select(d => d.Claim.Key)), Sql.P(done.Select(d => d.Claim.Hash).ToArray()),
                Sql.P(done.Select(d => d.Answer.Status).ToArray()), Sql.Texts(done.Select(d => d.Answer.Location)), Sql.Texts(done.Select(d => d.Answer.Body)));
        }
#endif
        if (done.Count > 0)
        {
            writes.Add(
                """
                update gofer.idempotency_keys k set status = u.status, location = u.location, body = u.body
                from unnest($1, $2, $3, $4, $5) as u (scope, key, status, location, body) where k.scope = u.scope and k.key = u.key
                """,
                Sql.Texts(done.Select(d => d.Claim.Scope)),
                Sql.Texts(done.Select(d => d.Claim.Key)),
                Sql.P(done.Select(d => d.Answer.Status).ToArray()),
                Sql.Texts(done.Select(d => d.Answer.Location)),
                Sql.Texts(done.Select(d => d.Answer.Body)));
        }

        if (refused.Count > 0)
        {
            writes.Add(
                "delete from gofer.idempotency_keys k using unnest($1, $2) as u (scope, key) where k.scope = u.scope and k.key = u.key",
                Sql.Texts(refused.Select(c => c.Scope)),
                Sql.Texts(refused.Select(c => c.Key)));
        }
    }

    private static async Task<Result<CreateAnswer>> ReplayAsync(EngineSession session, IdempotencyClaim claim, CancellationToken cancellationToken)
    {
        await using var reader = await session.ReadAsync(
            cancellationToken,
            Sql.Command(
                "select hash, status, location, body from gofer.idempotency_keys where scope = $1 and key = $2", Sql.P(claim.Scope), Sql.P(claim.Key)));
        if (!await reader.ReadAsync(cancellationToken))
        {
            // It expired between the two statements. Nothing was done under it now; the caller may simply repeat.
            return new Error(ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable, "The idempotency key expired just now. Repeat the request.");
        }

        if (!reader.GetFieldValue<byte[]>(0).AsSpan().SequenceEqual(claim.Hash))
        {
            return new Error(
                ErrorKind.Conflict, ErrorCodes.IdempotencyKeyReused,
                $"The idempotency key '{claim.Key}' was used for another request. Send a new key with a new request.");
        }

        return new CreateAnswer(new StoredAnswer(reader.GetInt32(1), reader.Text(2), reader.GetString(3)), Replayed: true);
    }
}
