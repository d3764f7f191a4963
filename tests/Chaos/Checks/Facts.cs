using Gofer.Domain.Runs;
using Gofer.Tests.Chaos.Load;
using Npgsql;

namespace Gofer.Tests.Chaos.Checks;

/// <summary>A run as its row has it.</summary>
internal sealed record RunFact(Guid Id, ChaosPipeline Pipeline, long Number, RunState State, string? Request, bool CancelRequested)
{
    public override string ToString() => $"{Pipeline.Id}/{Number}";
}

/// <summary>A task of a run as its row has it.</summary>
internal sealed record TaskFact(int Task, TaskState State, string? Reason, int Attempt, long Fence, int? ExitCode, int? SkippedBy);

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
        select r.id, p.name, r.number, r.state, r.variables->>'CHAOS_REQUEST', r.cancel_requested_at is not null
        from gofer.runs r join gofer.pipelines p on p.id = r.pipeline_id
        """,
        row => new RunFact(
            row.GetGuid(0), ChaosPipeline.All.Single(p => p.Id == row.GetString(1)), row.GetInt64(2), Enum.Parse<RunState>(row.GetString(3), ignoreCase: true),
            row.IsDBNull(4) ? null : row.GetString(4), row.GetBoolean(5)),
        cancellationToken);

    public static async Task<ILookup<Guid, TaskFact>> TasksAsync(NpgsqlConnection connection, IEnumerable<Guid> runs, CancellationToken cancellationToken)
    {
        var all = await connection.ListAsync(
            "select run_id, task, state, reason, attempt, fence, exit_code, skipped_by from gofer.task_executions where run_id = any($1) order by run_id, task",
            row => (Run: row.GetGuid(0), Fact: new TaskFact(
                row.GetInt32(1), Enum.Parse<TaskState>(row.GetString(2), ignoreCase: true), row.IsDBNull(3) ? null : row.GetString(3), row.GetInt32(4),
                row.GetInt64(5), Maybe(row, 6), Maybe(row, 7))),
            cancellationToken, runs.ToArray());
        return all.ToLookup(t => t.Run, t => t.Fact);
    }

    private static int? Maybe(NpgsqlDataReader row, int ordinal) => row.IsDBNull(ordinal) ? null : row.GetInt32(ordinal);
}
