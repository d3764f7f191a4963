using System.Globalization;
using System.Net.Sockets;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Tests.Integration.Cli.Mistakes;

/// <summary>Mistakes of whoever starts an install: its database, its folder, its port, its Docker.</summary>
public sealed class InstallMistakes(GoferServer server) : IAsyncLifetime
{
    private const string Nobody = "65534";

    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-mistakes-").FullName;
    private TestDatabase? _database;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Data => Path.Combine(_folder, "data");

    private TestDatabase Database => _database!;

    private NpgsqlConnectionStringBuilder Place => new(Database.ConnectionString);

    public async ValueTask InitializeAsync() => _database = await MigratedDatabase.CreateAsync(Ct);

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public Task A_wrong_password() => MigrateAsync("80-wrong-password", "Correct the password", new(Database.ConnectionString) { Password = "not-the-password" });

    [Fact]
    public Task A_database_that_is_not_there() => (Of("81-database-that-is-not-there", "createdb") with
    {
        Environment = [("GOFER_POSTGRES", new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Database = "not_there" }.ConnectionString)],
    }).IsAnsweredAsync("api");

    [Fact]
    public Task A_host_that_is_not_known() => MigrateAsync("82-database-host-that-is-not-known", "pg_isready -h db.invalid", new("Host=db.invalid;Username=gofer;Database=gofer"));

    [Fact]
    public Task A_database_that_is_down() => MigrateAsync("83-database-that-is-down", "pg_isready -h 127.0.0.1", new("Host=127.0.0.1;Port=1;Username=gofer;Database=gofer"));

    [Fact]
    public Task A_worker_with_a_wrong_password() => Of("84-worker-with-a-wrong-password", "Correct the password").IsAnsweredAsync(
        "worker", "--scheduler", "process", "--data", Data, "--postgres", new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Password = "not-the-password" }.ConnectionString);

    [Fact]
    public async Task A_schema_that_was_not_made()
    {
        await using var empty = await TestDatabase.CreateAsync(Ct);
        await (Of("85-schema-behind", "gofer migrate") with { Environment = [("GOFER_POSTGRES", empty.ConnectionString)] }).IsAnsweredAsync("api");
    }

    [Fact]
    public async Task A_schema_that_is_newer_than_the_program()
    {
        await using (var source = NpgsqlDataSource.Create(Database.ConnectionString))
        await using (var command = source.CreateCommand("insert into gofer.schema_releases (major, minor) values (9, 0)"))
        {
            await command.ExecuteNonQueryAsync(Ct);
        }

        await (Of("86-schema-ahead", "Upgrade this program") with { Environment = [("GOFER_POSTGRES", Database.ConnectionString)] }).IsAnsweredAsync("api");
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written()
    {
        var closed = Directory.CreateDirectory(Path.Combine(_folder, "closed"), UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute).FullName;
        await (Of("87-data-folder-that-cannot-be-written", "--data or GOFER_DATA") with { Under = PlainUser() })
            .IsAnsweredAsync("dev", "--scheduler", "process", "--data", Path.Combine(closed, "data"));
    }

    [Fact]
    public async Task No_Postgres_to_start()
    {
        var none = Directory.CreateDirectory(Path.Combine(_folder, "bin")).FullName;
        await (Of("88-no-postgres-to-start", "Point it at a folder that does") with { Environment = [("GOFER_POSTGRES_BIN", none)] }).IsAnsweredAsync("dev", "--scheduler", "process", "--data", Data);
    }

    [Fact]
    public Task A_port_that_is_taken() => Dev("89-port-that-is-taken", "--listen").IsAnsweredAsync(
        "dev", "--scheduler", "process", "--data", Data, "--listen", server.Url.Authority);

    [Fact]
    public async Task A_second_dev_over_one_folder()
    {
        await using var first = GoferProcess.Start(
            ["dev", "--scheduler", "process", "--data", Data, "--listen", "127.0.0.1:0"], [("GOFER_POSTGRES", Database.ConnectionString)], _folder);
        await first.SaysAsync("Gofer answers at");
        await Dev("90-two-dev-over-one-folder", "Use that one, end it").IsAnsweredAsync("dev", "--scheduler", "process", "--data", Data, "--listen", "127.0.0.1:0");
        first.Signal("TERM");
        Assert.Equal(0, await first.ExitAsync());
    }

    [Fact]
    public Task No_Docker() => (Of("91-no-docker", "--scheduler process") with { Environment = [("DOCKER_HOST", "unix:///nowhere/docker.sock")] }).IsAnsweredAsync("dev", "--data", Data);

    [Fact]
    public async Task A_docker_socket_that_lets_nobody_in()
    {
        var socket = Path.Combine(_folder, "docker.sock");
        using var engine = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        engine.Bind(new UnixDomainSocketEndPoint(socket));
        engine.Listen();
        File.SetUnixFileMode(socket, UnixFileMode.None);
        await (Of("92-docker-socket-without-permission", "sudo usermod -aG docker $USER") with
        {
            Environment = [("DOCKER_HOST", $"unix://{socket}"), ("HOME", _folder)],
            Under = PlainUser(),
        }).IsAnsweredAsync("dev", "--data", Path.Combine(_folder, "theirs"));
    }

    /// <summary>Root may use every socket and folder, so whoever is root becomes somebody else, with a copy of the program that everybody can read.</summary>
    private string[] PlainUser()
    {
        File.SetUnixFileMode(_folder, (UnixFileMode)Convert.ToInt32("777", 8));
        var copy = Directory.CreateDirectory(Path.Combine(_folder, "gofer")).FullName;
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory).Where(f => Path.GetExtension(f) is ".dll" or ".json")) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        string[] other = Environment.IsPrivilegedProcess ? ["setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups"] : [];
        return [.. other, "dotnet", Path.Combine(copy, "gofer.dll")];
    }

    private Task MigrateAsync(string name, string cure, NpgsqlConnectionStringBuilder postgres) =>
        (Of(name, cure) with { Environment = [("GOFER_POSTGRES", postgres.ConnectionString)] }).IsAnsweredAsync("migrate");

    private Mistake Dev(string name, string cure) => Of(name, cure) with { Environment = [("GOFER_POSTGRES", Database.ConnectionString)] };

    private Mistake Of(string name, string cure) => new(name, cure)
    {
        Folder = _folder,
        Input = "",
        Names =
        [
            (Database.ConnectionString, "CONNECTION"), ($"{Place.Username}@{Place.Host}:{Place.Port}", "gofer@127.0.0.1:PORT"), (Place.Database!, "DATABASE"),
            ($"-h {Place.Host} -p {Place.Port} -U {Place.Username}", "-h 127.0.0.1 -p PORT -U gofer"), ($"\"{Place.Username}\"", "\"gofer\""),
            (new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Password = "not-the-password" }.ConnectionString, "CONNECTION"),
            (_folder, "FOLDER"), (Place.Port.ToString(CultureInfo.InvariantCulture), "PORT"),
        ],
    };
}
