using System.Globalization;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// A transaction of the engine under way. Whatever it sends goes in batches of one round trip each; the first carries what holds for the
/// whole transaction (<see cref="Sql.ByKey"/>). Statements are planned once for each connection where that is possible.
/// </summary>
internal sealed class EngineSession(NpgsqlConnection connection, Preparation preparation)
{
    private bool _opened;

    /// <summary>Sends the commands; the reader stands at the rows of the first that answers rows.</summary>
    public async Task<NpgsqlDataReader> ReadAsync(CancellationToken cancellationToken, params NpgsqlBatchCommand[] commands)
    {
        var opens = !_opened;
        // It holds nothing beside its reader, which the caller disposes of.
#pragma warning disable CA2000
        var batch = new NpgsqlBatch(connection);
#pragma warning restore CA2000
        if (opens) batch.BatchCommands.Add(new NpgsqlBatchCommand(Sql.ByKey));
        foreach (var command in commands) batch.BatchCommands.Add(command);
        await preparation.PrepareAsync(batch, cancellationToken);
        var reader = await batch.ExecuteReaderAsync(cancellationToken);
        _opened = true;
        if (opens) await reader.NextResultAsync(cancellationToken);
        return reader;
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

    /// <summary>Sends writes, of which some must touch exactly the rows that were read; anything else ends the transaction.</summary>
    public async Task WriteAsync(Writes writes, CancellationToken cancellationToken)
    {
#if SABOTAGE_EVENTS || SABOTAGE_KEY
        LateWrites.Withhold(connection, writes);
#endif
        if (writes.Commands.Count == 0) return;
        await using (await ReadAsync(cancellationToken, [.. writes.Commands]))
        {
            // what they answer is not wanted; the number of rows they touched is known once the reader is closed
        }

        foreach (var (command, rows) in writes.Demands)
        {
            if ((int)command.RecordsAffected == rows) continue;
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture, $"A write of the engine touched {command.RecordsAffected} rows in place of {rows}: a rule of locking was broken."));
        }
    }
}

/// <summary>Writes of one round trip.</summary>
internal sealed class Writes
{
    private readonly List<NpgsqlBatchCommand> _commands = [];
    private readonly List<(NpgsqlBatchCommand Command, int Rows)> _demands = [];

    /// <summary>In the order in which they are sent.</summary>
    public List<NpgsqlBatchCommand> Commands => _commands;

    /// <summary>How many rows some of them must touch.</summary>
    public IReadOnlyList<(NpgsqlBatchCommand Command, int Rows)> Demands => _demands;

    public void Add(string text, params ReadOnlySpan<NpgsqlParameter> parameters) => _commands.Add(Sql.Command(text, parameters));

    public void Add(NpgsqlBatchCommand command) => _commands.Add(command);

    /// <summary>One that must touch that many rows.</summary>
    public void Demand(int rows, string text, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        Add(text, parameters);
        _demands.Add((_commands[^1], rows));
    }
}
