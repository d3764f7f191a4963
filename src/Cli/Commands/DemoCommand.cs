using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gofer.Cli.Configuration;
using Gofer.Cli.Hosting;
using Gofer.Cli.Terminal;
using Gofer.Client;

namespace Gofer.Cli.Commands;

/// <summary><c>demo</c>: everything from nothing to a finished run, on whatever scheduler is there.</summary>
internal static class DemoCommand
{
    public static Command Demo()
    {
        var once = new Option<bool>("--once") { Description = "End after the run in place of serving on." };
        var image = new Option<string>("--image") { Description = "The image of the demo's tasks.", DefaultValueFactory = _ => "busybox:latest" };
        var command = new Command("demo", "Start everything, run an example and show it.").Example("gofer demo --once");
        foreach (var option in new Option[] { once, image }) command.Options.Add(option);
        command.Takes(SettingTable.Scheduler, SettingTable.Data, SettingTable.Listen, SettingTable.Postgres);
        command.Run(async (context, token) =>
        {
            await using var install = new DevInstall(context.Error);
            // The commands are ours: where no Docker answers they may run as processes, and the first stage says so.
            if (await install.StartAsync(context.Settings, context.Settings.Given(SettingTable.Listen) ?? "127.0.0.1:0", fallBack: true, token) is { } error) return context.Fail(error);
            if (await ShowAsync(context, install, context.Parsed.GetValue(image)!, context.Parsed.GetValue(once), token) is not { } code)
            {
                context.Error.WriteLine("Stopped before the run had ended. Its tasks go on by themselves; a demo over the same data finds them again.");
                return ExitCode.Failed;
            }

            if (context.Parsed.GetValue(once) || code != ExitCode.Done) return code;
            context.Error.WriteLine("Ctrl-C stops it.");
            await install.Host.WaitForShutdownAsync();
            return code;
        });
        return command;
    }

    /// <summary>Runs the example and shows it; null where the program was asked to stop meanwhile.</summary>
    private static async Task<ExitCode?> ShowAsync(CommandContext context, DevInstall install, string image, bool once, CancellationToken token)
    {
        // Ctrl-C belongs to the host, which only notes it: what is under way here has to hear of it.
        var stopping = install.Host.Stopping;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(token, stopping);
        try
        {
            return await RunAsync(context, install, image, once, over.Token);
        }
        catch (Exception e) when (stopping.IsCancellationRequested && e is OperationCanceledException or Refit.ApiRequestException or HttpRequestException)
        {
            return null;
        }
    }

    private static async Task<ExitCode> RunAsync(CommandContext context, DevInstall install, string image, bool once, CancellationToken token)
    {
        var client = CommandContext.ClientOf(install.Url);
        var document = Document(image);
        var id = document.GetProperty("id").GetString()!;
        var registered = await client.Pipelines.RegisterPipelineAsync("default", id, document, deploy: true, cancellationToken: token);
        var run = await client.Runs.CreateRunAsync("default", id, new NewRunBody(), cancellationToken: token);
        context.Error.WriteLine();
        context.Error.WriteLine($"Pipeline '{id}' is registered as version {registered.Version}; this is run {run.Number}:");
        var number = run.Number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        // It listens where nobody would look, and with --once it is gone when its words are read.
        var following = new RunFollowing(context, client, "default", id, number) { Flags = $" --server {install.Url}", SaysNext = !once };
        var code = await following.WithLogsAsync(token);
        context.Error.WriteLine();
        context.Error.WriteLine($"  run    {install.Url}api/v1/namespaces/default/pipelines/{id}/runs/{number}");
        context.Error.WriteLine($"  API    {install.Url}swagger");
        if (once) context.Error.WriteLine("These end with the command; without --once it serves on.");
        else context.Error.WriteLine($"  again  GOFER_SERVER={install.Url} gofer run {id} --follow");
        return code;
    }

    /// <summary>The example that the repository has too, with the tasks' image as the caller wants it.</summary>
    private static JsonElement Document(string image)
    {
        using var resource = typeof(DemoCommand).Assembly.GetManifestResourceStream("demo.json")!;
        var document = JsonNode.Parse(resource)!;
        foreach (var task in document["tasks"]!.AsArray()) task!["image"] = image;
        return JsonSerializer.SerializeToElement(document);
    }
}
