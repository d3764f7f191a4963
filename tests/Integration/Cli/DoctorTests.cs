using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Gofer.Infrastructure.Secrets;
using Gofer.Tests.Integration.Secrets;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;
using Gofer.Tests.Support.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Gofer.Tests.Integration.Cli;

/// <summary>What <c>gofer doctor</c> finds, on a machine that is well and on others.</summary>
public sealed class DoctorTests(GoferServer server) : IDisposable
{
    private static readonly (string, string) s_noDocker = ("DOCKER_HOST", "unix:///nowhere/docker.sock");

    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-doctor-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_machine_that_is_well_lacks_nothing_and_keeps_no_trace()
    {
        var found = await DoctorAsync(0, ["--scheduler", "process", "--listen", server.Url.Authority], ("GOFER_POSTGRES", server.ConnectionString), ("GOFER_DATA", Path.Combine(_folder, "data")), s_noDocker);
        Assert.Equal(["audit", "clock", "data folder", "disk", "docker", "port", "postgres", "processes", "secrets", "server"], found.Keys.Order());
        Assert.Equal("warning", found["docker"].State); // the tasks are to run as processes
        Assert.All(["data folder", "port", "postgres", "processes", "clock"], name => Assert.Equal(("ok", null), (found[name].State, found[name].Cure)));
        Assert.Contains("A Gofer", found["port"].Message, StringComparison.Ordinal);
        Assert.Contains("its schema fits", found["postgres"].Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task What_is_broken_is_a_problem_each_with_its_cure()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var found = await DoctorAsync(
            1, ["--listen", other.LocalEndpoint.ToString()!],
            ("GOFER_POSTGRES", new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "not-the-password" }.ConnectionString), ("GOFER_DATA", "/proc/gofer"), s_noDocker);
        Assert.All(["docker", "data folder", "postgres", "port"], name => Assert.Equal("problem", found[name].State));
        Assert.All(found.Values, f => Assert.Equal(f.State == "ok", f.Cure is null));
        Assert.Contains("--scheduler process", found["docker"].Cure, StringComparison.Ordinal);
        Assert.Contains("Correct the password", found["postgres"].Cure, StringComparison.Ordinal);
        Assert.Contains("gofer dev --listen 127.0.0.1:", found["port"].Cure, StringComparison.Ordinal);
        Assert.DoesNotContain("not-the-password", string.Concat(found.Values), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_names_a_server_needs_nothing_else()
    {
        var found = await DoctorAsync(0, [], ("GOFER_SERVER", server.Url.ToString()), ("GOFER_POSTGRES_BIN", _folder), ("GOFER_DATA", "/proc/gofer"), s_noDocker);
        Assert.Equal("ok", found["server"].State);
        Assert.All(["docker", "data folder", "postgres"], name => Assert.Equal("warning", found[name].State));
    }

    [Fact]
    public async Task A_schema_that_is_behind_is_told_with_its_command()
    {
        await using var empty = await TestDatabase.CreateAsync(Ct);
        var found = await DoctorAsync(0, ["--scheduler", "process", "--data", _folder], ("GOFER_POSTGRES", empty.ConnectionString), s_noDocker);
        Assert.Equal("warning", found["postgres"].State);
        Assert.StartsWith("gofer migrate --postgres", found["postgres"].Cure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_that_are_missing_or_another_installs_are_told()
    {
        var (postgres, name) = (("GOFER_POSTGRES", server.ConnectionString), TestKeys.Ring.Active);
        var found = await DoctorAsync(0, ["--data", _folder, "--scheduler", "process"], postgres, ("GOFER_SECRETS__KEYS", TestKeys.Text), s_noDocker);
        Assert.Equal(("ok", "The keys are good; secrets are in Gofer's database."), (found["secrets"].State, found["secrets"].Message));
        found = await DoctorAsync(0, ["--data", _folder, "--scheduler", "process"], postgres, s_noDocker);
        Assert.Equal("warning", found["secrets"].State);
        Assert.StartsWith("gofer secret new-key", found["secrets"].Cure, StringComparison.Ordinal);
        found = await DoctorAsync(1, ["--data", _folder, "--scheduler", "process"], postgres, ("GOFER_SECRETS__KEYS", KeyRing.Generate(name)), s_noDocker);
        Assert.StartsWith($"The key '{name}' of secrets.keys is not the one that this install knows by that name", found["secrets"].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_look_at_a_new_key_does_not_make_it_the_installs()
    {
        (string, string)[] With(string keys) => [("GOFER_POSTGRES", server.ConnectionString), ("GOFER_SECRETS__KEYS", keys), s_noDocker];
        foreach (var _ in (int[])[1, 2])
        {
            var found = await DoctorAsync(0, ["--data", _folder, "--scheduler", "process"], With($"{TestKeys.Text},{KeyRing.Generate("new")}"));
            Assert.Equal("ok", found["secrets"].State);
        }
    }

    [Fact]
    public async Task A_vault_is_asked_whether_it_knows_the_token()
    {
        await using var vault = await VaultDouble.StartAsync(Ct);
        (string, string)[] environment =
            [("GOFER_SECRETS__KEYS", TestKeys.Text), ("GOFER_SECRETS__STORE", "vault"), ("GOFER_VAULT__ADDRESS", vault.Address.ToString()), ("GOFER_VAULT__TOKEN", vault.Token), s_noDocker];
        var found = await DoctorAsync(0, ["--data", _folder, "--scheduler", "process"], environment);
        Assert.Equal($"The keys are good; Vault at {vault.Address} answers and knows the token.", found["secrets"].Message);
        vault.Token = "hvs.second";
        found = await DoctorAsync(1, ["--data", _folder, "--scheduler", "process"], environment);
        Assert.Contains("refuses the token for GET auth/token/lookup-self (403)", found["secrets"].Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hvs.first", string.Concat(found.Values), StringComparison.Ordinal);
        environment[2] = ("GOFER_VAULT__ADDRESS", server.Url.ToString());
        found = await DoctorAsync(1, ["--data", _folder, "--scheduler", "process"], environment);
        Assert.Equal("problem", found["secrets"].State); // a server that is no Vault
    }

    [Fact]
    public async Task A_server_that_hangs_costs_seconds_and_no_more()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var clock = Stopwatch.StartNew();
        var found = await DoctorAsync(1, [], ("GOFER_SERVER", $"http://{silent.LocalEndpoint}"), s_noDocker);
        Assert.Equal("problem", found["server"].State);
        Assert.Contains("within 15 seconds", found["server"].Message, StringComparison.Ordinal);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"{clock.Elapsed}");
    }

    [Fact]
    public async Task Another_version_and_another_clock_are_worth_knowing()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var newer = builder.Build();
        newer.MapGet("/readyz", () => Results.Ok());
        newer.MapGet("/api/v1/system", (HttpContext context) =>
        {
            context.Response.Headers.Date = TimeProvider.System.GetUtcNow().AddHours(1).ToString("R");
            return Results.Text("""{"version":"9.9.9","commit":"abcdef0","dev_mode":false,"task_limit":0,"limits":{}}""", "application/json");
        });
        await newer.StartAsync(Ct);
        var found = await DoctorAsync(0, [], ("GOFER_SERVER", newer.Urls.First()), s_noDocker);
        Assert.Equal("warning", found["server"].State);
        Assert.Contains("9.9.9", found["server"].Message, StringComparison.Ordinal);
        Assert.Equal("warning", found["clock"].State);
        Assert.Matches("the server's is 3[56][0-9][0-9] s ahead", found["clock"].Message);
    }

    [Fact]
    public async Task People_get_a_line_each_and_the_cure_below()
    {
        var (exit, output, error) = await GoferProcess.RunAsync(["doctor", "--data", "/proc/gofer"], [s_noDocker]);
        Assert.Equal(1, exit);
        Assert.Matches(@"problem +data folder +/proc/gofer cannot be used: .*\n +→ sudo install -d", output);
        Assert.Contains("problems to mend", error, StringComparison.Ordinal);
    }

    private static async Task<Dictionary<string, Finding>> DoctorAsync(int exit, string[] arguments, params (string, string)[] environment)
    {
        var said = await GoferProcess.RunAsync(["doctor", "-o", "json", .. arguments], environment);
        Assert.True(said.Exit == exit, $"{said.Exit}: {said.Out}{said.Error}");
        return JsonSerializer.Deserialize<List<Finding>>(said.Out, JsonSerializerOptions.Web)!.ToDictionary(f => f.Check);
    }

    private sealed record Finding(string Check, string State, string Message, string? Cure);
}
