using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Bench.Limit;

/// <summary>
/// A DAG engine in bare SQL and nothing else: no retries, limits, fairness, events, logs, API or domain code. What it does is what this
/// Postgres gives on this machine in this minute. Its tables are the sketch of the design on performance.
/// </summary>
internal sealed class LimitDatabase : IAsyncDisposable
{
    private readonly TestDatabase _database;

    private LimitDatabase(TestDatabase database) => (_database, Source) = (database, Open(database.ConnectionString));

    public NpgsqlDataSource Source { get; }

    public string ConnectionString => _database.ConnectionString;

    public static async Task<LimitDatabase> StartAsync(CancellationToken cancellationToken)
    {
        var database = new LimitDatabase(await TestDatabase.CreateAsync(cancellationToken));
        await using var schema = database.Source.CreateCommand(Schema);
        await schema.ExecuteNonQueryAsync(cancellationToken);
        return database;
    }

    /// <summary>Statements prepared, and by key whatever the statistics of the new tables say.</summary>
    public static NpgsqlDataSource Open(string connectionString) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString)
    {
        Options = "-c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c jit=off",
        MaxAutoPrepare = 30,
        AutoPrepareMinUsages = 1,
    });

    /// <summary>A pipeline with one version of the graph; both have the number.</summary>
    public async Task RegisterAsync(int pipeline, Dag dag, CancellationToken cancellationToken)
    {
        await using var command = Source.CreateCommand(
            """
            with head as (insert into head (pipeline, last_run) values ($1, 0))
            insert into task_tpl (version_id, task, indeg, children)
            select $1, task, indeg, string_to_array(children, ',')::smallint[] from unnest($2::smallint[], $3::smallint[], $4::text[]) as t (task, indeg, children)
            """);
        var tasks = Enumerable.Range(0, dag.Count).ToList();
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = pipeline });
        command.Parameters.Add(new NpgsqlParameter { Value = tasks.Select(t => (short)t).ToArray() });
        command.Parameters.Add(new NpgsqlParameter { Value = tasks.Select(t => (short)dag.Parents[t].Length).ToArray() });
        command.Parameters.Add(new NpgsqlParameter { Value = tasks.Select(t => string.Join(",", tasks.Where(c => dag.Parents[c].Contains(t)))).ToArray() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await _database.DisposeAsync();
    }

    private const string Schema = """
        create table head (pipeline integer primary key, last_run bigint not null) with (fillfactor = 50);
        create table task_tpl (version_id integer, task smallint, indeg smallint not null, children smallint[] not null, primary key (version_id, task));
        create table run (
            id bigint generated always as identity primary key, pipeline integer not null, number bigint not null, version_id integer not null,
            state smallint not null, remaining smallint not null, created_at timestamptz not null default now(), ended_at timestamptz
        ) with (fillfactor = 80);
        create table exec (
            run_id bigint, task smallint, state smallint not null, waiting smallint not null, attempt smallint not null default 1, worker integer,
            started_at timestamptz, finished_at timestamptz, primary key (run_id, task)
        ) with (fillfactor = 70);
        create table ready (
            prio smallint, vt bigint, seq bigint generated always as identity, run_id bigint not null, task smallint not null, primary key (prio, vt, seq)
        ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
        """;
}
