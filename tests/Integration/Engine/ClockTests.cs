using Gofer.Infrastructure.Postgres;
using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Tests.Integration.Engine;

public sealed class ClockTests
{
    /// <summary>Another century's time, which comes after longer than a reading may take.</summary>
    private const string Slow =
        """
        create schema slow;
        create function slow.clock_timestamp() returns timestamptz language plpgsql as $$
        begin
            perform pg_sleep(1.2);
            return '1999-12-31';
        end $$;
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reading_that_took_long_replaces_none_that_is_better()
    {
        await using var database = await TestDatabase.CreateAsync(MakeAsync, Ct);
        await using var prompt = NpgsqlDataSource.Create(database.ConnectionString);
        await using var slow = NpgsqlDataSource.Create(database.ConnectionString + ";Search Path=slow,pg_catalog");
        var clock = new DatabaseClock();
        await clock.SynchroniseAsync(slow, Ct);
        Assert.Equal(1999, clock.GetUtcNow().Year); // there is no other

        await clock.SynchroniseAsync(prompt, Ct);
        await clock.SynchroniseAsync(slow, Ct);
        Assert.NotEqual(1999, clock.GetUtcNow().Year);
    }

    private static async Task MakeAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(Slow);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
