using System.Globalization;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>
/// Keeps partitions of the history tables ahead of time: one a week (Monday to Monday, UTC), bounded by the UUIDv7 of its first
/// millisecond, so a run and everything of it lies in one partition of each table.
/// </summary>
public sealed class Partitions(NpgsqlDataSource source)
{
    /// <summary>How far ahead partitions are made.</summary>
    public static readonly TimeSpan Ahead = TimeSpan.FromDays(14);

    private static readonly (string Table, string Storage)[] Tables =
    [
        ("runs", "fillfactor = 60"),
        ("task_executions", "fillfactor = 50"),
        ("task_attempts", "fillfactor = 100"),
        ("event_packs", "fillfactor = 100"),
        ("log_chunks", "fillfactor = 100"),
    ];

    /// <summary>Makes what is missing between last week and <see cref="Ahead"/>; any number of processes may call it at once.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var clock = new NpgsqlCommand(
            "select pg_advisory_xact_lock(hashtext('gofer.partitions')); select now()", connection, transaction);
        await using (var reader = await clock.ExecuteReaderAsync(cancellationToken))
        {
            await reader.NextResultAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            var now = await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellationToken);
            await reader.CloseAsync();
            for (var week = Monday(now).AddDays(-7); week <= now + Ahead; week = week.AddDays(7))
            {
                foreach (var (table, storage) in Tables) await CreateAsync(connection, table, storage, week, cancellationToken);
            }
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Whether <see cref="EnsureAsync"/> has nothing to make, by one statement.</summary>
    public async Task<bool> AreAheadAsync(CancellationToken cancellationToken)
    {
        if (await AheadUntilAsync(cancellationToken) is not { } until) return false;
        await using var command = source.CreateCommand("select now() + $1 < $2");
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = Ahead });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = until });
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    /// <summary>Until when runs can be stored: the end of the last partition that every table has; null where a table has none.</summary>
    public async Task<DateTimeOffset?> AheadUntilAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            """
            select case when count(*) = count(last) then min(last) end from (
                select max(to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp at time zone 'UTC') as last
                from unnest($1) as t (name)
                left join pg_inherits i on i.inhparent = ('gofer.' || t.name)::regclass
                left join pg_class c on c.oid = i.inhrelid
                group by t.name) per_table
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = Tables.Select(t => t.Table).ToArray() });
        return await command.ExecuteScalarAsync(cancellationToken) is DateTime week ? new DateTimeOffset(week, TimeSpan.Zero).AddDays(7) : null;
    }

    /// <summary>The smallest UUIDv7-shaped value of that time: a partition's bound.</summary>
    internal static Guid Bound(DateTimeOffset time)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(bytes, time.ToUnixTimeMilliseconds() << 16);
        return new Guid(bytes, bigEndian: true);
    }

    private static async Task CreateAsync(
        NpgsqlConnection connection, string table, string storage, DateTimeOffset week, CancellationToken cancellationToken)
    {
        // Names and bounds are our own, none comes from a caller. Made apart, then attached: attaching hardly locks the parent.
        var name = $"gofer.{table}_{week.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}";
        await using var command = new NpgsqlCommand(
            $"""
            do $$
            begin
                if to_regclass('{name}') is null then
                    create table {name} (like gofer.{table} including all) with ({storage});
                    alter table gofer.{table} attach partition {name} for values from ('{Bound(week)}') to ('{Bound(week.AddDays(7))}');
                end if;
            end $$
            """,
            connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static DateTimeOffset Monday(DateTimeOffset time)
    {
        var day = new DateTimeOffset(time.UtcDateTime.Date, TimeSpan.Zero);
        return day.AddDays(-(((int)day.DayOfWeek + 6) % 7));
    }
}
