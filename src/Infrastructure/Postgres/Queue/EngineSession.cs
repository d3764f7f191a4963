using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// A transaction of the engine. Whatever it sends goes in batches of one round trip each: the first begins it and carries what holds for the
/// whole of it (<see cref="Sql.ByKey"/>), the last writes and commits. Statements are planned once for each connection where that is possible.
/// </summary>
internal sealed class EngineSession(NpgsqlConnection connection, Preparation preparation, LeaseDeadline? deadline)
{
    private bool _opened;

    /// <summary>Whether timers were set and committed.</summary>
    public bool SetTimers { get; private set; }

    /// <summary>Sends the commands; the reader stands at the rows of the first that answers rows.</summary>
    public async Task<NpgsqlDataReader> ReadAsync(CancellationToken cancellationToken, params IReadOnlyCollection<NpgsqlBatchCommand> commands)
    {
        var opens = !_opened;
        // It holds nothing beside its reader, which the caller disposes of.
#pragma warning disable CA2000
        var batch = new NpgsqlBatch(connection);
#pragma warning restore CA2000
        if (opens)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("begin isolation level read committed"));
            batch.BatchCommands.Add(new NpgsqlBatchCommand(Sql.ByKey));
        }

        foreach (var command in commands) batch.BatchCommands.Add(command);
        var reader = deadline is null ? await SendAsync(cancellationToken) : await deadline.RunAsync(SendAsync, cancellationToken);
        _opened = true;
        return reader;

        async Task<NpgsqlDataReader> SendAsync(CancellationToken token)
        {
            await preparation.PrepareAsync(batch, token);
            var answers = await batch.ExecuteReaderAsync(token);
            if (opens) await answers.NextResultAsync(token);
            return answers;
        }
    }

    /// <summary>The first column of the first row of one command; null where there is no row.</summary>
    public async Task<object?> ScalarAsync(NpgsqlBatchCommand command, CancellationToken cancellationToken)
    {
        await using var rows = await ReadAsync(cancellationToken, command);
        return await rows.ReadAsync(cancellationToken) && !await rows.IsDBNullAsync(0, cancellationToken) ? rows.GetValue(0) : null;
    }

    /// <summary>Every row of one command.</summary>
    public async Task<List<T>> ListAsync<T>(NpgsqlBatchCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var rows = await ReadAsync(cancellationToken, command);
        var list = new List<T>();
        while (await rows.ReadAsync(cancellationToken)) list.Add(read(rows));
        return list;
    }

    /// <summary>
    /// Sends the writes and commits, in one round trip. Writes that must touch exactly the rows that were read fail where they do not, and
    /// then nothing is committed.
    /// </summary>
    public async Task CommitAsync(Writes writes, CancellationToken cancellationToken)
    {
#if SABOTAGE_EVENTS || SABOTAGE_KEY
        LateWrites.Withhold(connection, writes);
#endif
        if (_opened || writes.Commands.Count > 0)
        {
            writes.Add("commit");
            await using var answers = await ReadAsync(cancellationToken, writes.Commands);
            // Read to the end: an error anywhere is an error here.
            if (deadline is null) await EndAsync(cancellationToken);
            else await deadline.RunAsync(EndAsync, cancellationToken);

            async Task<bool> EndAsync(CancellationToken token)
            {
                while (await answers.NextResultAsync(token))
                {
                    // nothing of them is wanted
                }

                return true;
            }
        }

        SetTimers = writes.SetTimers;
    }
}

/// <summary>Writes of one round trip.</summary>
internal sealed class Writes
{
    private readonly List<NpgsqlBatchCommand> _commands = [];

    /// <summary>Whether timers are among them.</summary>
    public bool SetTimers { get; set; }

    /// <summary>In the order in which they are sent.</summary>
    public List<NpgsqlBatchCommand> Commands => _commands;

    public void Add(string text, params ReadOnlySpan<NpgsqlParameter> parameters) => _commands.Add(Sql.Command(text, parameters));

    public void Add(NpgsqlBatchCommand command) => _commands.Add(command);

    /// <summary>A write that must touch that many rows: the second line of defence of what was decided under locks.</summary>
    public void Demand(int rows, string text, params ReadOnlySpan<NpgsqlParameter> parameters) =>
        Add($"with touched as ({text} returning 1) select gofer.demand(count(*), ${parameters.Length + 1}) from touched", [.. parameters, Sql.P((long)rows)]);
}
