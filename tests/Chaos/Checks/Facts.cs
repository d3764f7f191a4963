using System.Globalization;
using Gofer.Domain.Runs;
using Gofer.Tests.Chaos.Load;
using Npgsql;

namespace Gofer.Tests.Chaos.Checks;

/// <summary>A run as its row has it; <paramref name="StoppedBy"/> is why it was stopped from outside, by a cancel or its timeout, or null.</summary>
internal sealed record RunFact(
    Guid Id, ChaosPipeline Pipeline, long Number, RunState State, string? Reason, string? Request, string? StoppedBy, DateTimeOffset? StartedAt)
{
    public override string ToString() => $"{Pipeline.Id}/{Number}";
}

/// <summary>A task of a run as its row has it; of its attempts, the last.</summary>
internal sealed record TaskFact(
    int Task, TaskState State, string? Reason, int Attempt, long Fence, int? ExitCode, int? SkippedBy, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt);

/// <summary>An attempt that is over and in whose place another comes.</summary>
internal sealed record AttemptFact(int Task, int Attempt, string? Reason, int? ExitCode, DateTimeOffset? StartedAt, DateTimeOffset EndedAt);

/// <summary>An event of a run; <paramref name="NextAt"/> says of a failed attempt when the next is due.</summary>
internal sealed record EventFact(int Seq, string Type, DateTimeOffset At, int? Task, int? Attempt, DateTimeOffset? NextAt);

/// <summary>Reads rows for the checks: SQL of their own, nothing of the engine's.</summary>
internal static class Facts
{
    public static async Task<List<T>> ListAsync<T>(
        this NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters) command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<T>();
        while (await rows.ReadAsync(cancellationToken)) found.Add(read(rows));
        return found;
    }

    public static Task<List<RunFact>> RunsAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => connection.ListAsync(
        """
        select r.id, p.name, r.number, r.state, r.reason, r.variables->>'CHAOS_REQUEST',
            case when r.cancel_requested_at is not null then coalesce(r.cancel_reason, 'user_cancelled') end, r.started_at
        from gofer.runs r join gofer.pipelines p on p.id = r.pipeline_id
        """,
        row => new RunFact(
            row.GetGuid(0), ChaosPipeline.All.Single(p => p.Id == row.GetString(1)), row.GetInt64(2), Enum.Parse<RunState>(row.GetString(3), ignoreCase: true),
            Text(row, 4), Text(row, 5), Text(row, 6), Time(row, 7)),
        cancellationToken);

    public static Task<ILookup<Guid, TaskFact>> TasksAsync(NpgsqlConnection connection, Guid[] runs, CancellationToken cancellationToken) => ByRunAsync(
        connection,
        """
        select run_id, task, state, reason, attempt, fence, exit_code, skipped_by, started_at, ended_at
        from gofer.task_executions where run_id = any($1) order by run_id, task
        """,
        row => new TaskFact(
            row.GetInt32(1), Enum.Parse<TaskState>(row.GetString(2), ignoreCase: true), Text(row, 3), row.GetInt32(4), row.GetInt64(5), Maybe(row, 6),
            Maybe(row, 7), Time(row, 8), Time(row, 9)),
        runs, cancellationToken);

    public static Task<ILookup<Guid, AttemptFact>> AttemptsAsync(NpgsqlConnection connection, Guid[] runs, CancellationToken cancellationToken) => ByRunAsync(
        connection,
        "select run_id, task, attempt, reason, exit_code, started_at, ended_at from gofer.task_attempts where run_id = any($1) order by run_id, task, attempt",
        row => new AttemptFact(row.GetInt32(1), row.GetInt32(2), Text(row, 3), Maybe(row, 4), Time(row, 5), row.GetFieldValue<DateTimeOffset>(6)),
        runs, cancellationToken);

    public static Task<ILookup<Guid, EventFact>> EventsAsync(NpgsqlConnection connection, Guid[] runs, CancellationToken cancellationToken) => ByRunAsync(
        connection,
        "select run_id, seq, type, at, task, attempt, data->>'next_at' from gofer.run_events where run_id = any($1) order by run_id, seq",
        row => new EventFact(
            row.GetInt32(1), row.GetString(2), row.GetFieldValue<DateTimeOffset>(3), Maybe(row, 4), Maybe(row, 5),
            Text(row, 6) is { } next ? DateTimeOffset.Parse(next, CultureInfo.InvariantCulture) : null),
        runs, cancellationToken);

    public static DateTimeOffset? Time(NpgsqlDataReader row, int ordinal) => row.IsDBNull(ordinal) ? null : row.GetFieldValue<DateTimeOffset>(ordinal);

    public static string? Text(NpgsqlDataReader row, int ordinal) => row.IsDBNull(ordinal) ? null : row.GetString(ordinal);

    private static int? Maybe(NpgsqlDataReader row, int ordinal) => row.IsDBNull(ordinal) ? null : row.GetInt32(ordinal);

    /// <summary>Rows by the run that their first column names.</summary>
    private static async Task<ILookup<Guid, T>> ByRunAsync<T>(
        NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, Guid[] runs, CancellationToken cancellationToken)
    {
        var all = await connection.ListAsync(sql, row => (Run: row.GetGuid(0), Fact: read(row)), cancellationToken, runs);
        return all.ToLookup(t => t.Run, t => t.Fact);
    }
}
