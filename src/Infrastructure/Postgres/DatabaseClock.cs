using System.Diagnostics;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>
/// The database's clock, carried on by this machine's monotonic one between readings: every process of an install agrees on the time,
/// and a jump of a host's clock changes nothing that is stored.
/// </summary>
public sealed class DatabaseClock : TimeProvider
{
    /// <summary>A reading that took longer is off by up to half of it: what is carried on from an earlier one is nearer.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(1);

    private sealed record Reading(DateTimeOffset Time, long Ticks);

    private Reading? _reading;

    /// <summary>
    /// Reads the database's clock; half the round trip is the error. A round trip in which the process or the network stood still tells
    /// nothing, unless it is the first.
    /// </summary>
    public async Task SynchroniseAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select clock_timestamp()");
        var sent = Stopwatch.GetTimestamp();
        var time = (DateTime)(await command.ExecuteScalarAsync(cancellationToken))!;
        Take(new DateTimeOffset(time, TimeSpan.Zero), sent, Stopwatch.GetTimestamp());
    }

    /// <summary>Takes in a reading that some statement brought with it, with this machine's ticks when it was sent and when it was received.</summary>
    internal void Take(DateTimeOffset time, long sent, long received)
    {
        if (Volatile.Read(ref _reading) is not null && Stopwatch.GetElapsedTime(sent, received) > s_longest) return;
        Volatile.Write(ref _reading, new Reading(time, sent + ((received - sent) / 2)));
    }

    /// <summary>The database's time now; this machine's until the first reading.</summary>
    public override DateTimeOffset GetUtcNow() =>
        Volatile.Read(ref _reading) is { } reading ? reading.Time + Stopwatch.GetElapsedTime(reading.Ticks) : System.GetUtcNow();
}
