using Gofer.Infrastructure.Postgres;
using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Tests.Integration.Engine;

public sealed class ClockTests
{
    /// <summary>A time that is told late, and one of a clock that was set.</summary>
    private const string Clocks =
        """
        create schema slow;
        create function slow.clock_timestamp() returns timestamptz language plpgsql as $$
        begin
            perform pg_sleep(1.2);
            return pg_catalog.clock_timestamp();
        end $$;
        create schema late;
        create function late.clock_timestamp() returns timestamptz language sql as $$ select pg_catalog.clock_timestamp() + interval '1 hour' $$;
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reading_that_took_long_replaces_none_that_is_better()
    {
        await using var database = await TestDatabase.CreateAsync(MakeAsync, Ct);
        await using var prompt = NpgsqlDataSource.Create(database.ConnectionString);
        await using var slow = NpgsqlDataSource.Create(database.ConnectionString + ";Search Path=slow,pg_catalog");
        var clock = new DatabaseClock();
        var took = System.Diagnostics.Stopwatch.StartNew();
        await clock.SynchroniseAsync(slow, Ct);
        var half = took.Elapsed.TotalSeconds / 2; // which on a busy machine is more than the half of what the reading sleeps
        Assert.InRange(await AheadAsync(clock, prompt), half - 0.3, half + 0.3); // there is no better one

        await clock.SynchroniseAsync(prompt, Ct);
        await clock.SynchroniseAsync(slow, Ct);
        Assert.InRange(await AheadAsync(clock, prompt), -0.3, 0.3);
    }

    [Fact]
    public async Task A_clock_that_was_set_is_believed()
    {
        await using var database = await TestDatabase.CreateAsync(MakeAsync, Ct);
        await using var prompt = NpgsqlDataSource.Create(database.ConnectionString);
        await using var late = NpgsqlDataSource.Create(database.ConnectionString + ";Search Path=late,pg_catalog");
        var clock = new DatabaseClock();
        for (var i = 0; i < 3; i++) await clock.SynchroniseAsync(prompt, Ct);
        await clock.SynchroniseAsync(late, Ct);
        Assert.InRange(await AheadAsync(clock, prompt), 3590, 3610);
    }

    private static async Task<double> AheadAsync(DatabaseClock clock, NpgsqlDataSource database)
    {
        // Connected before the clock is asked: on a busy machine that takes as long as what is measured.
        await using var connection = await database.OpenConnectionAsync(Ct);
        await using var command = new NpgsqlCommand("select $1 - pg_catalog.clock_timestamp()", connection);
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = clock.GetUtcNow() });
        return ((TimeSpan)(await command.ExecuteScalarAsync(Ct))!).TotalSeconds;
    }

    private static async Task MakeAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(Clocks);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
