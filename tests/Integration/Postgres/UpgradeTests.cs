using Gofer.Infrastructure.Postgres;
using Gofer.Tests.Support.Postgres;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Postgres;

public sealed class UpgradeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_of_an_older_schema_are_there_after_the_upgrade()
    {
        await using var database = await TestDatabase.CreateAsync(Ct);
        await using var services = new ServiceCollection().AddLogging().AddGoferPostgres(database.ConnectionString).BuildServiceProvider();
        var source = services.GetRequiredService<Npgsql.NpgsqlDataSource>();
        await using (var context = await services.GetRequiredService<IDbContextFactory<GoferDbContext>>().CreateDbContextAsync(Ct))
        {
            await context.Database.MigrateAsync("20261124223422_Shares", Ct);
        }

        await ExecuteAsync(
            """
            create table gofer.run_events_20260105 partition of gofer.run_events
                for values from ('019b8000-0000-0000-0000-000000000000') to ('019bc000-0000-0000-0000-000000000000');
            insert into gofer.run_events (run_id, seq, type, at, task, attempt, data) values
                ('019b8b97-0000-7000-8000-000000000001', 1, 'run.created', '2026-01-05T00:00:00Z', null, null, '{}'),
                ('019b8b97-0000-7000-8000-000000000001', 2, 'task.failed', '2026-01-05T00:00:01Z', 3, 1, '{"reason": "exit_code"}');
            """);
        await services.GetRequiredService<Schema>().MigrateAsync(Ct);

        await using var read = source.CreateCommand(
            "select string_agg(concat_ws(' ', seq, type, extract(epoch from at)::bigint - 1767571200, task, attempt, data), '; ' order by seq) from gofer.run_events");
        Assert.Equal("1 run.created 0 {}; 2 task.failed 1 3 1 {\"reason\": \"exit_code\"}", await read.ExecuteScalarAsync(Ct));

        async Task ExecuteAsync(string sql)
        {
            await using var command = source.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(Ct);
        }
    }
}
