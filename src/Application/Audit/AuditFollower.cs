using System.Runtime.CompilerServices;
using Gofer.Application.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Application.Audit;

/// <summary>Follows the audit log by the places of its entries, which have no gaps: whoever goes on after the last one misses none.</summary>
public sealed class AuditFollower(IServiceScopeFactory scopes, TimeProvider clock)
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    private const int Step = 500;

    /// <summary>The place of the newest entry; 0 where there is none.</summary>
    public async Task<long> LastAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IGoferDb>().SealedAudit.OrderByDescending(e => e.Seq).Select(e => e.Seq).FirstOrDefaultAsync(cancellationToken);
    }

    /// <summary>Entries after that place, in order, without an end.</summary>
    public async IAsyncEnumerable<AuditView> EntriesAsync(AuditFilter filter, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            List<SealedEntry> entries;
            await using (var scope = scopes.CreateAsyncScope())
            {
                var db = scope.ServiceProvider.GetRequiredService<IGoferDb>();
                entries = await db.SealedAudit.AsNoTracking().Where(e => e.Seq > after).OrderBy(e => e.Seq).Take(Step).ToListAsync(cancellationToken);
            }

            foreach (var entry in entries)
            {
                after = entry.Seq;
                if (filter.Wants(entry)) yield return entry.View();
            }

            if (entries.Count < Step) await Task.Delay(Pace, clock, cancellationToken);
        }
    }
}
