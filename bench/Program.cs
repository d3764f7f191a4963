using System.Diagnostics;
using System.Globalization;
using Gofer.Application.Runs;
using Gofer.Application.Schedulers;
using Gofer.Bench;
using Gofer.Tests.Support.Engine;
using Gofer.Worker;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

// How many task executions a second the whole engine drains (queue, aggregate, events, one log line each) where containers cost nothing,
// as a ratio to bare SQL that claims and completes as many rows of the same database in the same minute.
// usage: bench [RUNS] [TASKS]
var runs = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 500;
var tasks = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 10;
using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(10));
var token = stop.Token;

await using var install = await TestInstall.StartAsync(token);
var chain = string.Join(",", Enumerable.Range(0, tasks).Select(i =>
    $$"""{"id":"t{{i}}","image":"none","command":["true"]{{(i == 0 ? "" : i % 3 == 0 ? $",\"depends_on\":{{\"t{i - 3}\":\"success\",\"t{i - 1}\":\"any\"}}" : $",\"depends_on\":{{\"t0\":\"success\"}}")}}}"""));
var pipeline = await install.RegisterAsync($$"""{"id":"bench","tasks":[{{chain}}]}""", token);

var created = Stopwatch.StartNew();
await CreateAsync(runs);
Row("runs created a second, in orders of 100", runs / created.Elapsed.TotalSeconds);

var drained = Stopwatch.StartNew();
await install.AddHostAsync(services => services.AddSingleton<IScheduler, NoOpScheduler>().AddGoferWorker(), token, ("Gofer:Worker:Capacity", "500"));
while (await install.ScalarAsync<bool>("select exists (select from gofer.active_runs)", token)) await Task.Delay(50, token);
var engine = runs * tasks / drained.Elapsed.TotalSeconds;
Row("task executions a second, the whole engine", engine);

var failed = await install.ScalarAsync<long>("select count(*) from gofer.runs where state <> 'succeeded'", token);
var lines = await install.ScalarAsync<long>("select count(*) from gofer.log_chunks", token);
if (failed > 0 || lines != runs * tasks) throw new InvalidOperationException($"{failed} runs did not succeed, {lines} lines of {runs * tasks}.");

var limit = await BareSqlAsync(runs * tasks);
Row("rows a second, bare SQL: claim and complete in batches of 200", limit);
Row("ratio", engine / limit);

async Task CreateAsync(int count)
{
    NewRun[] hundred = [.. Enumerable.Repeat(new NewRun(null, new Dictionary<string, string>(), new Dictionary<string, string>()), 100)];
    for (var left = count; left > 0; left -= 100)
    {
        var order = new CreateOrder(pipeline.Namespace, pipeline.Pipeline, hundred[..Math.Min(left, 100)], null, _ => new StoredAnswer(201, null, ""));
        if ((await install.Writer.CreateAsync(order, token)).Error is { } error) throw new InvalidOperationException(error.Message);
    }
}

async Task<double> BareSqlAsync(int count)
{
    await ExecuteAsync("create table bare_queue (id bigint primary key); create table bare_tasks (id bigint primary key, state text not null, at timestamptz)");
    await ExecuteAsync($"insert into bare_queue select g from generate_series(1, {count}) g; insert into bare_tasks select g, 'ready' from generate_series(1, {count}) g");
    var clock = Stopwatch.StartNew();
    while (true)
    {
        var claimed = await install.ScalarAsync<long>(
            """
            with next as (select id from bare_queue order by id limit 200 for update skip locked),
            taken as (delete from bare_queue q using next n where q.id = n.id returning q.id),
            claimed as (update bare_tasks t set state = 'running' from taken where t.id = taken.id returning t.id)
            select count(*) from claimed
            """,
            token);
        if (claimed == 0) break;
        await ExecuteAsync("update bare_tasks set state = 'done', at = now() where state = 'running'");
    }

    return count / clock.Elapsed.TotalSeconds;
}

async Task ExecuteAsync(string sql)
{
    await using var command = install.Source.CreateCommand(sql);
    await command.ExecuteNonQueryAsync(token);
}

static void Row(string what, double figure) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-64} {figure,12:0.##}"));
