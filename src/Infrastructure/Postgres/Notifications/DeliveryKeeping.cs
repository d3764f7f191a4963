namespace Gofer.Infrastructure.Postgres.Notifications;

/// <summary>What goes of the ledger in time.</summary>
internal static class DeliveryKeeping
{
    /// <summary>Forgets what came to its end longer than <c>$2</c> ago: ten thousand a time, so that no pass takes long.</summary>
    public const string Expire = """
        told as (delete from gofer.deliveries where id in (
            select id from gofer.deliveries where created_at < now() - $2 and decided_at < now() - $2 order by created_at limit 10000))
        """;
}
