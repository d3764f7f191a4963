using Gofer.Application.Runs;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;

namespace Gofer.Application.Triggers;

/// <summary>The engine's door for new backfills; what there is of them is changed through the database's context.</summary>
public interface IBackfillStore
{
    /// <summary>
    /// Stores a backfill with its times, in one transaction with the audit log's entry and the idempotency key; a worker takes it on from there. A repeated request gets the
    /// first answer. Refused where the trigger or its pipeline is gone, and where the pipeline has <see cref="Backfill.MaxActive"/> that have not ended.
    /// </summary>
    Task<Result<CreateAnswer>> AddAsync(
        Backfill backfill, IReadOnlyList<DateTimeOffset> times, AuditEntry entry, IdempotencyClaim? claim, StoredAnswer answer, CancellationToken cancellationToken);
}
