namespace Gofer.Infrastructure.Postgres.Triggers;

/// <summary>What goes of the ledger in time.</summary>
internal static class EventKeeping
{
    /// <summary>
    /// Forgets keys that are over, and what was decided longer than <c>$2</c> ago: ten thousand a time, so that no pass takes long. A scheduled time is remembered by its trigger, which has
    /// moved on; none fires again when its event goes. Backfills go that long after their end.
    /// </summary>
    public const string Expire = """
        keys_of_events as (delete from gofer.trigger_keys where expires_at < now()),
        events as (delete from gofer.trigger_events where id in (
            select id from gofer.trigger_events where received_at < now() - $2 and decided_at < now() - $2 order by received_at limit 10000)),
        backfills as (delete from gofer.backfills where ended_at < now() - $2)
        """;
}
