using System.Diagnostics;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>
/// The database's clock, carried on by this machine's monotonic one between readings: every process of an install agrees on the time,
/// and a jump of a host's clock changes nothing that is stored.
/// </summary>
public sealed class DatabaseClock : TimeProvider
{
    /// <summary>How much two clocks that nobody disciplines drift apart, as a share of the time: a good reading stays better than a bad one for long.</summary>
    private const double Drift = 100e-6;

    /// <summary>A reading; half of its round trip is its error.</summary>
    private sealed record Reading(DateTimeOffset Time, long Ticks, TimeSpan Error)
    {
        public DateTimeOffset TimeAt(long ticks) => Time + Stopwatch.GetElapsedTime(Ticks, ticks);

        public TimeSpan ErrorAt(long ticks) => Error + (Drift * Stopwatch.GetElapsedTime(Ticks, ticks));
    }

    private Reading? _reading;

    /// <summary>Reads the database's clock.</summary>
    public async Task SynchroniseAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select clock_timestamp()");
        var sent = Stopwatch.GetTimestamp();
        var time = (DateTime)(await command.ExecuteScalarAsync(cancellationToken))!;
        Take(new DateTimeOffset(time, TimeSpan.Zero), sent, Stopwatch.GetTimestamp());
    }

    /// <summary>
    /// Takes in a reading that some statement brought with it, with this machine's ticks when it was sent and when it was received. One in
    /// which the process, the network or the server stood still replaces none that is better, unless it shows that the database's clock was set.
    /// </summary>
    internal void Take(DateTimeOffset time, long sent, long received)
    {
        var half = Stopwatch.GetElapsedTime(sent, received) / 2;
        var read = new Reading(time, sent + ((received - sent) / 2), half);
        if (Volatile.Read(ref _reading) is { } known)
        {
            var (error, apart) = (known.ErrorAt(read.Ticks), (read.Time - known.TimeAt(read.Ticks)).Duration());
            if (half > error && apart <= half + error) return;
        }

        Volatile.Write(ref _reading, read);
    }

    /// <summary>The database's time now; this machine's until the first reading.</summary>
    public override DateTimeOffset GetUtcNow() => Volatile.Read(ref _reading)?.TimeAt(Stopwatch.GetTimestamp()) ?? System.GetUtcNow();
}
