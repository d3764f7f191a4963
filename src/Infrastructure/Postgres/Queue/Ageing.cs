using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>Waiting raises priority slowly, so that nothing starves behind an endless stream of what goes first.</summary>
internal static class Ageing
{
    /// <summary>How long a task waits for each step of priority that it gains.</summary>
    public static readonly TimeSpan Step = TimeSpan.FromMinutes(1);

    /// <summary>Moves tasks up by one rank that have waited for a step behind others; never past the rank that goes first now.</summary>
    public static async Task<int> RunAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            with first as (select rank from gofer.ready_tasks order by rank limit 1),
            last as (select rank from gofer.ready_tasks order by rank desc limit 1),
            due as (
                select q.rank, q.virtual_time, q.seq from gofer.ready_tasks q, first, last
                where last.rank > first.rank and q.rank > first.rank and q.aged_at < now() - $1
                order by q.rank, q.virtual_time, q.seq limit 1000 for update of q skip locked)
            update gofer.ready_tasks q set rank = q.rank - 1, aged_at = now() from due d
            where q.rank = d.rank and q.virtual_time = d.virtual_time and q.seq = d.seq
            """,
            connection);
        command.Parameters.Add(Sql.P(Step));
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
