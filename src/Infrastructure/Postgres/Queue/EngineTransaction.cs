using Gofer.Infrastructure.Postgres.Signals;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// Runs a piece of the engine in one transaction, the whole of it again where Postgres says that a rival won (40001, 40P01) or that this
/// process thought for too long under its locks (25P03, as a starved one may): in each case nothing was committed.
/// </summary>
internal sealed class EngineTransaction(NpgsqlDataSource source, Preparation preparation, Notifier notifier, LeaseDeadline deadline)
{
    private const int Tries = 10;

    /// <summary>Postgres' <c>idle_in_transaction_session_timeout</c>, which Npgsql has no name for.</summary>
    private const string IdleInTransaction = "25P03";

    /// <summary>
    /// The work's answer. What the work did not commit is rolled back with the connection's return. A connection that breaks in the commit leaves the caller not knowing: what it does then must be
    /// safe to do twice, which fences and idempotency keys see to.
    /// </summary>
    public Task<T> RunAsync<T>(Func<EngineSession, CancellationToken, Task<T>> work, CancellationToken cancellationToken) => RunAsync(work, null, cancellationToken);

    /// <summary>
    /// The same for a worker, whose lease goes on meanwhile: each answer is waited for as long as the <see cref="LeaseDeadline"/> says. Where that
    /// passes, nothing or everything was committed, and <see cref="TimeoutException"/> leaves the caller as a broken connection does.
    /// </summary>
    public Task<T> RunInTimeAsync<T>(Func<EngineSession, CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        RunAsync(work, deadline, cancellationToken);

    private async Task<T> RunAsync<T>(Func<EngineSession, CancellationToken, Task<T>> work, LeaseDeadline? limit, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(cancellationToken);
                var session = new EngineSession(connection, preparation, limit);
                var answer = await work(session, cancellationToken);
                if (session.SetTimers) notifier.Timers();
#if SABOTAGE_EVENTS || SABOTAGE_KEY
                await LateWrites.SendAsync(connection, cancellationToken);
#endif
                return answer;
            }
            catch (OperationCanceledException e) when (limit is not null && !cancellationToken.IsCancellationRequested)
            {
                // Of several answers the first came and a later one did not: nobody but the deadline cancels.
                throw LeaseDeadline.Passed(e);
            }
            catch (PostgresException e) when (IsUndone(e) && attempt < Tries)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, 10 * attempt)), cancellationToken);
            }
        }
    }

    private static bool IsUndone(PostgresException e) =>
        e.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or IdleInTransaction;
}
