using Gofer.Tests.Integration.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Gofer.Tests.Integration.Cli.Mistakes;

/// <summary>Mistakes that only a container engine finds.</summary>
public sealed class ContainerMistakes
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_image_or_a_command_of_it_that_is_not_there()
    {
        await using var registry = await EmptyRegistryAsync();
        await using var cluster = await GoferCluster.StartAsync();
        await cluster.WorkerAsync("docker");
        var image = $"{new Uri(registry.Urls.First()).Authority}/team/extrct:1";
        await cluster.Area.RegisterAsync(Documents.Of("noimage", Documents.Step("t", "true").And($"\"image\": \"{image}\"")));
        await cluster.Area.RegisterAsync(Documents.Of("nocommand", Documents.Step("t", "true").And("\"command\": [\"extrct\", \"--all\"]")));
        await cluster.Area.RegisterAsync(Documents.Script("killed", "exec 2>&1; echo reading 3 of 9 files; sh -c 'kill -9 $$'; exit $?"));
        await FollowAsync("93-image-that-cannot-be-pulled", $"docker pull {image}", "noimage", (image, "REGISTRY/team/extrct:1"));
        await FollowAsync("94-command-that-is-not-in-the-image", "docker run --rm -it busybox:latest sh", "nocommand");
        await FollowAsync("95-exit-code-137-of-a-container", "gofer logs killed 1 t", "killed");

        async Task FollowAsync(string name, string cure, string pipeline, params (string Today, string Named)[] names)
        {
            var server = cluster.Area.Http.BaseAddress!.ToString().TrimEnd('/');
            var (exit, output, error) = await GoferProcess.RunAsync(["run", pipeline, "--follow"], [("GOFER_SERVER", server)]);
            // What the engine says of a registry differs from version to version.
            if (error.Split("could not be pulled: ") is [_, var rest, ..]) names = [.. names, (rest.Split(". Are its name")[0], "WHAT THE ENGINE SAYS")];
            await new Mistake(name, cure) { Names = names }.IsApprovedAsync($"gofer run {pipeline} --follow", exit, output, error);
        }
    }

    /// <summary>A registry that answers and has no image.</summary>
    private static async Task<WebApplication> EmptyRegistryAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var registry = builder.Build();
        registry.MapGet("/v2/", () => Results.Ok());
        registry.MapFallback(() => Results.Text("""{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}""", "application/json", statusCode: 404));
        await registry.StartAsync(Ct);
        return registry;
    }
}
