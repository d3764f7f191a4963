using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Embedded;
using Npgsql;

namespace Gofer.Tests.Integration.Postgres;

[UnsupportedOSPlatform("windows")]
public sealed class EmbeddedPostgresTests : IDisposable
{
    private static readonly PrivatePostgresOptions s_options = new()
    {
        Settings = new PostgresSettings { Durable = false },
        Docker = null,
    };

    private readonly string _root = Directory.CreateTempSubdirectory("gofer-embedded-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_stopped_server_starts_again_with_its_data_on_the_same_port()
    {
        string first;
        int process;
        using (var folder = DataFolder.Open(_root).Value)
        {
            await using var postgres = await StartAsync(folder);
            first = postgres.ConnectionString;
            process = postgres.ProcessId;
            await ExecuteAsync(first, "create table kept as select 42 as answer");
        }

        // It has stopped when its file is gone, and takes a moment more to be gone itself.
        for (var patience = System.Diagnostics.Stopwatch.StartNew(); new Postmaster(process, "", 0).IsAlive(); await Task.Delay(20, Ct)) Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), "It did not stop.");
        using (var folder = DataFolder.Open(_root).Value)
        {
            await using var postgres = await StartAsync(folder);
            Assert.Equal(first, postgres.ConnectionString);
            Assert.Equal(42, await ScalarAsync(postgres.ConnectionString, "select answer from kept"));
        }
    }

    [Theory]
    [InlineData("KILL")]
    [InlineData("QUIT")] // what `pg_ctl -m immediate stop` sends
    public async Task A_server_that_dies_comes_back_on_the_same_port_with_its_data(string signal)
    {
        using var folder = DataFolder.Open(_root).Value;
        await using var postgres = await StartAsync(folder);
        await ExecuteAsync(postgres.ConnectionString, "create table kept as select 42 as answer");
        var killed = postgres.ProcessId;

        await SignalAsync(signal, killed);

        await EventuallyAsync(async () => postgres.ProcessId != killed
            && Equals(42, await ScalarAsync(postgres.ConnectionString, "select answer from kept")));
    }

    [Fact]
    public async Task A_server_survives_its_killed_host_and_the_next_one_takes_it_over()
    {
        string address;
        await using (var host = await HostProcess.StartAsync(_root, Ct))
        {
            address = host.ConnectionString;
            await ExecuteAsync(address, "create table kept as select 42 as answer");
            await host.KillAsync();
        }

        var before = await ScalarAsync(address, "select pg_postmaster_start_time()");
        using var folder = DataFolder.Open(_root).Value;
        await using var postgres = await StartAsync(folder);

        Assert.Equal(address, postgres.ConnectionString);
        Assert.Equal(before, await ScalarAsync(postgres.ConnectionString, "select pg_postmaster_start_time()"));
        Assert.Equal(42, await ScalarAsync(postgres.ConnectionString, "select answer from kept"));
    }

    [Fact]
    public async Task A_server_that_died_with_its_host_starts_again_with_its_data()
    {
        await using (var host = await HostProcess.StartAsync(_root, Ct))
        {
            await ExecuteAsync(host.ConnectionString, "create table kept as select 42 as answer");
            await host.KillAsync();
        }

        await SignalAsync("KILL", int.Parse(File.ReadLines(Path.Combine(_root, "postgres/data/postmaster.pid")).First(), CultureInfo.InvariantCulture));
        using var folder = DataFolder.Open(_root).Value;
        await using var postgres = await StartAsync(folder);
        Assert.Equal(42, await ScalarAsync(postgres.ConnectionString, "select answer from kept"));
    }

    [Fact]
    public async Task A_second_process_over_the_same_folder_is_told_who_holds_it_and_where_that_answers()
    {
        await using var host = await HostProcess.StartAsync(_root, Ct);
        Assert.StartsWith("ready ", host.Answer, StringComparison.Ordinal);

        await using var second = await HostProcess.StartAsync(_root, Ct);
        var here = DataFolder.Open(_root);

        var holder = $"process {host.Id.ToString(CultureInfo.InvariantCulture)}, which answers at http://127.0.0.1:4637";
        Assert.Contains(holder, second.Answer, StringComparison.Ordinal);
        Assert.Equal(ErrorCodes.InUse, here.Error?.Code);
        Assert.Contains(holder, here.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kept_port_that_somebody_else_took_is_chosen_anew()
    {
        using var folder = DataFolder.Open(_root).Value;
        int port;
        await using (var postgres = await StartAsync(folder))
        {
            port = new NpgsqlConnectionStringBuilder(postgres.ConnectionString).Port;
        }

        using var squatter = new TcpListener(IPAddress.Loopback, port);
        squatter.Start();
        await using var again = await StartAsync(folder);

        Assert.NotEqual(port, new NpgsqlConnectionStringBuilder(again.ConnectionString).Port);
        Assert.Equal(1, await ScalarAsync(again.ConnectionString, "select 1"));
    }

    [Fact]
    public async Task The_server_leads_a_session_of_its_own_and_listens_on_loopback_alone()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        using var folder = DataFolder.Open(_root).Value;
        await using var postgres = await StartAsync(folder);

        var stat = await File.ReadAllTextAsync($"/proc/{postgres.ProcessId.ToString(CultureInfo.InvariantCulture)}/stat", Ct);
        var session = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[3];

        Assert.Equal(postgres.ProcessId.ToString(CultureInfo.InvariantCulture), session);
        Assert.Equal("127.0.0.1", await ScalarAsync(postgres.ConnectionString, "show listen_addresses"));
        Assert.Equal("", await ScalarAsync(postgres.ConnectionString, "show unix_socket_directories"));
    }

    [Fact]
    public async Task Nobody_gets_in_without_the_password_of_the_folder()
    {
        using var folder = DataFolder.Open(_root).Value;
        await using var postgres = await StartAsync(folder);
        var address = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Password = "guess", Pooling = false }.ConnectionString;

        var refused = await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(address, "select 1"));

        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
        var kept = File.GetUnixFileMode(Path.Combine(folder.Run, "postgres.password"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, kept);
    }

    [Fact]
    public async Task A_server_that_cannot_start_says_why_in_the_words_of_its_log()
    {
        using var folder = DataFolder.Open(_root).Value;
        await (await StartAsync(folder)).DisposeAsync();
        await File.AppendAllTextAsync(Path.Combine(folder.Postgres, "data", "postgresql.conf"), "\nno_such_setting = 1\n", Ct);

        var started = await PrivatePostgres.StartAsync(folder, s_options, new Progress<string>(), Ct);

        Assert.Contains("no_such_setting", started.Error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_that_has_grown_long_is_cut_to_its_end_at_the_next_start()
    {
        using var folder = DataFolder.Open(_root).Value;
        await (await StartAsync(folder)).DisposeAsync();
        var log = Path.Combine(folder.Postgres, "server.log");
        await File.AppendAllTextAsync(log, string.Concat(Enumerable.Repeat("an old line of the log\n", 500_000)), Ct);

        await using var postgres = await StartAsync(folder);

        Assert.InRange(new FileInfo(log).Length, 1024 * 1024, 2 * 1024 * 1024);
        Assert.Contains("ready to accept connections", await File.ReadAllTextAsync(log, Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_is_cancelled_leaves_no_server_behind()
    {
        using var folder = DataFolder.Open(_root).Value;
        await (await StartAsync(folder)).DisposeAsync();
        var data = Path.Combine(folder.Postgres, "data");
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Ct);

        var start = PrivatePostgres.StartAsync(folder, s_options, new Progress<string>(), cancel.Token);
        await EventuallyAsync(() => Task.FromResult(Postmaster.Read(data) is not null));
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start);
        Assert.Null(Postmaster.Read(data));
    }

    [Fact]
    public async Task A_cluster_that_was_half_made_when_its_maker_was_killed_is_made_again()
    {
        using var folder = DataFolder.Open(_root).Value;
        await (await StartAsync(folder)).DisposeAsync();
        Directory.Move(Path.Combine(folder.Postgres, "data"), Path.Combine(folder.Postgres, "data.new"));

        await using var postgres = await StartAsync(folder);

        Assert.Equal(1, await ScalarAsync(postgres.ConnectionString, "select 1"));
        Assert.False(Directory.Exists(Path.Combine(folder.Postgres, "data.new")));
    }

    [Fact]
    public async Task Data_of_another_major_version_is_refused_with_the_way_to_its_binaries()
    {
        using var folder = DataFolder.Open(_root).Value;
        Directory.CreateDirectory(Path.Combine(folder.Postgres, "data"));
        await File.WriteAllTextAsync(Path.Combine(folder.Postgres, "data", "PG_VERSION"), "9\n", Ct);

        var started = await PrivatePostgres.StartAsync(folder, s_options, new Progress<string>(), Ct);

        Assert.Contains("made by Postgres 9", started.Error?.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install postgresql-9", started.Error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_binaries_and_without_Docker_the_error_names_the_ways_out()
    {
        using var folder = DataFolder.Open(_root).Value;
        var nowhere = s_options with { Search = new PostgresSearch { Named = null, System = "/nonexistent", Path = "" } };

        var started = await PrivatePostgres.StartAsync(folder, nowhere, new Progress<string>(), Ct);

        Assert.Contains("apt-get install postgresql", started.Error?.Message, StringComparison.Ordinal);
        Assert.Contains("--postgres URL", started.Error?.Message, StringComparison.Ordinal);
        Assert.Contains("start Docker", started.Error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_copy_of_a_running_folder_neither_takes_over_nor_stops_the_original()
    {
        File.SetUnixFileMode(_root, File.GetUnixFileMode(_root) | UnixFileMode.OtherExecute);
        using var folder = DataFolder.Open(Path.Combine(_root, "original")).Value;
        await using var original = await StartAsync(folder);
        await RunAsync("cp", "-a", folder.Path, Path.Combine(_root, "copy"));
        using var copy = DataFolder.Open(Path.Combine(_root, "copy")).Value;

        var started = await PrivatePostgres.StartAsync(copy, s_options, new Progress<string>(), Ct);

        Assert.Contains("is probably a copy", started.Error?.Message, StringComparison.Ordinal);
        Assert.Equal(1, await ScalarAsync(original.ConnectionString, "select 1"));
    }

    [Fact]
    public async Task Root_is_told_which_parent_folder_the_servers_user_cannot_enter()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        var closed = Path.Combine(_root, "closed");
        Directory.CreateDirectory(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.SetUnixFileMode(_root, File.GetUnixFileMode(_root) | UnixFileMode.OtherExecute);
        using var folder = DataFolder.Open(Path.Combine(closed, "data")).Value;

        var started = await PrivatePostgres.StartAsync(folder, s_options, new Progress<string>(), Ct);

        Assert.Contains($"chmod o+x {closed}", started.Error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_user_runs_the_server_as_themselves_and_keeps_others_out()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && OperatingSystem.IsLinux(), "needs root to become another user");
        File.SetUnixFileMode(_root, (UnixFileMode)0b111_111_111);
        var data = Path.Combine(_root, "data");

        await using var host = await HostProcess.StartAsync(data, Ct, user: "nobody");
        Assert.SkipWhen(host.Answer.Length == 0, "the test binaries are where nobody may read");

        Assert.Equal(1, await ScalarAsync(host.ConnectionString, "select 1"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(data));
    }

    private static async Task<EmbeddedPostgres> StartAsync(DataFolder folder)
    {
        var started = await PrivatePostgres.StartAsync(folder, s_options, new Progress<string>(), Ct);
        return Assert.IsType<EmbeddedPostgres>(started.Value);
    }

    private static async Task ExecuteAsync(string connectionString, string sql) => await ScalarAsync(connectionString, sql);

    private static async Task<object?> ScalarAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Ct);
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                if (await holds())
                {
                    return;
                }
            }
            catch (NpgsqlException) when (TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(30))
            {
                // Down just now, which is what is being waited out.
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(30), "The server did not come back in 30 s.");
            await Task.Delay(50, Ct);
        }
    }

    private static Task SignalAsync(string signal, int process) =>
        RunAsync("kill", $"-{signal}", process.ToString(CultureInfo.InvariantCulture));

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var run = Process.Start(program, arguments);
        await run.WaitForExitAsync(Ct);
        Assert.Equal(0, run.ExitCode);
    }
}
