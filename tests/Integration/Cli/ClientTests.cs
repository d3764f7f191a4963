using System.Diagnostics;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Refit;

namespace Gofer.Tests.Integration.Cli;

/// <summary>The client as programs use it: registered by <c>AddGoferClient</c>, and as a package.</summary>
public sealed class ClientTests(GoferServer server, ITestOutputHelper output)
{
    /// <summary>What was downloaded before; the package under test goes elsewhere, so that no other build finds it.</summary>
    private static readonly string s_packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_registered_client_creates_follows_and_cancels()
    {
        using var area = await server.AreaAsync();
        await area.RegisterAsync(Documents.Script("p", "echo ready; sleep 300"));
        var registered = new ServiceCollection();
        registered.AddGoferClient(o => o.Server = server.Url);
        await using var services = registered.BuildServiceProvider();
        var client = services.GetRequiredService<GoferClient>();

        var run = await client.Runs.CreateRunAsync(area.Name, "p", new NewRunBody { Labels = new Dictionary<string, string> { ["why"] = "test" } }, "key-1", Ct);
        Assert.Equal(run.Id, (await client.Runs.CreateRunAsync(area.Name, "p", new NewRunBody { Labels = new Dictionary<string, string> { ["why"] = "test" } }, "key-1", Ct)).Id);
        var states = new List<RunState>();
        await foreach (var update in client.Streams.RunAsync(area.Name, "p", "1", Ct))
        {
            if (update.Task is { State: TaskState.Running }) await client.Runs.CancelRunAsync(area.Name, "p", "1", new CancelBody { Reason = "seen enough" }, Ct);
            if (update.Run is { } seen && states.LastOrDefault() != seen.State) states.Add(seen.State);
        }

        Assert.Equal(RunState.Cancelled, states[^1]);
        var ended = await client.Runs.GetRunAsync(area.Name, "p", "1", Ct);
        Assert.Equal((RunState.Cancelled, "user_cancelled", "seen enough"), (ended.State, ended.Reason, ended.Message));
        Assert.NotNull(ended.EndedAt);
    }

    [Fact]
    public async Task A_refusal_says_code_and_places()
    {
        using var area = await server.AreaAsync();
        var unknown = await Assert.ThrowsAnyAsync<ApiException>(() => area.Client.Runs.GetRunAsync(area.Name, "nothing", "1", Ct));
        Assert.Equal("pipeline_not_found", unknown.Problem()!.Code);
        var refused = await Assert.ThrowsAnyAsync<ApiException>(() => area.RegisterAsync("""{"id":"p","tasks":[{"id":"a"}]}"""));
        Assert.Contains("/tasks/0/image", refused.Problem()!.Errors!.Keys);
        var streamed = await Assert.ThrowsAnyAsync<ApiException>(async () =>
        {
            await foreach (var _ in area.Client.Streams.RunAsync(area.Name, "nothing", "1", Ct)) Assert.Fail("It streams what is not there.");
        });
        Assert.Equal("pipeline_not_found", streamed.Problem()!.Code);
    }

    /// <summary>What a team outside this repository does: take the package from a feed and run a pipeline.</summary>
    [Fact]
    public async Task The_packed_client_works_from_a_feed_in_a_project_outside_the_solution()
    {
        using var area = await server.AreaAsync();
        await area.RegisterAsync(Documents.Script("p", "echo from the package"));
        var folder = Directory.CreateTempSubdirectory("gofer-client-").FullName;
        try
        {
            var version = $"0.0.1-test{System.Security.Cryptography.RandomNumberGenerator.GetHexString(8, lowercase: true)}";
            await DotnetAsync(folder, "pack", Repository.PathOf("src/Client/Client.csproj"), "-o", $"{folder}/feed", $"-p:Version={version}", "--nologo", "-v", "q");
            await File.WriteAllTextAsync(
                $"{folder}/use.csproj",
                $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings>
                    <RestoreAdditionalProjectSources>{folder}/feed</RestoreAdditionalProjectSources><RestorePackagesPath>{folder}/packages</RestorePackagesPath>
                    <RestoreFallbackFolders>{s_packages}</RestoreFallbackFolders>
                  </PropertyGroup>
                  <ItemGroup><PackageReference Include="Gofer.Client" Version="{version}" /></ItemGroup>
                </Project>
                """,
                Ct);
            await File.WriteAllTextAsync(
                $"{folder}/Program.cs",
                """
                using Gofer.Client;
                using Microsoft.Extensions.DependencyInjection;

                var services = new ServiceCollection();
                services.AddGoferClient(o => o.Server = new Uri(args[0]));
                var gofer = services.BuildServiceProvider().GetRequiredService<GoferClient>();
                var run = await gofer.Runs.CreateRunAsync(args[1], "p", new NewRunBody());
                await foreach (var line in gofer.Streams.LogsAsync(args[1], "p", run.Number.ToString())) Console.WriteLine(line.Text);
                Console.WriteLine((await gofer.Runs.GetRunAsync(args[1], "p", "latest")).State);
                """,
                Ct);
            var said = await DotnetAsync(folder, "run", "--project", $"{folder}/use.csproj", "--", server.Url.ToString(), area.Name);
            output.WriteLine(said);
            Assert.EndsWith("from the package\nSucceeded\n", said, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> DotnetAsync(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(Ct);
        var text = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}: {text}{await errors}");
        return text;
    }
}
