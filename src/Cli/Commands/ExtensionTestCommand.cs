using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Gofer.Cli.Configuration;
using Gofer.Cli.Terminal;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Extensions.Conformance;
using Spectre.Console;

namespace Gofer.Cli.Commands;

/// <summary><c>gofer extension test</c>: whether an extension that somebody writes keeps to the rules, without a server.</summary>
internal static class ExtensionTestCommand
{
    private const string Variable = "GOFER_EXTENSION_TOKEN";

    /// <summary>The command.</summary>
    public static Command Test()
    {
        var endpoint = new Argument<string>("endpoint") { Description = "Where the extension listens, such as http://127.0.0.1:7777." }.Judged(Complaint);
        var tokenFile = new Option<string?>("--token-file")
        {
            Description = $"A file that holds the token that the extension knows. Also {Variable}, the token itself.",
            HelpName = "FILE",
        };
        var parameters = new Option<string[]>("--param", "-p")
        {
            Description = "A parameter of a subscription, NAME=VALUE, of which events come soon. May be repeated.",
            HelpName = "NAME=VALUE",
        };
        var wait = new Option<string>("--wait")
        {
            Description = "How long an event may take to come, such as 2m; at most 1h.",
            HelpName = "DURATION",
            DefaultValueFactory = _ => "30s",
        };
        var shutdown = new Option<bool>("--shutdown") { Description = "Ask it to end in the end, and see that it does." };
        var command = new Command("test", "Look whether an extension keeps to the rules of extension.proto; 1 where one is broken. No server is asked.")
            .Example("gofer extension test http://127.0.0.1:7777 -p every_ms=100")
            .Example("gofer extension test http://127.0.0.1:7777 --token-file token --shutdown", "all of it");
        command.Arguments.Add(endpoint);
        foreach (var option in (Option[])[tokenFile, parameters, wait, shutdown]) command.Options.Add(option);
        command.Run(async (context, token) =>
        {
            if (!Duration.TryParse(context.Parsed.GetValue(wait)!, out var patience) || patience < TimeSpan.FromSeconds(1) || patience > TimeSpan.FromHours(1))
            {
                throw new CommandException(Error.Invalid("", "--wait must be a duration from 1s to 1h, such as 2m."), ExitCode.Usage);
            }

            var test = new ExtensionConformance
            {
                Address = new Uri(context.Parsed.GetValue(endpoint)!),
                Token = Token(context.Parsed.GetValue(tokenFile)),
                Params = OperateCommands.Pairs(context.Parsed.GetValue(parameters), "--param") ?? [],
                Wait = patience,
                Shutdown = context.Parsed.GetValue(shutdown),
            };
            var results = new List<ConformanceResult>();
            await foreach (var result in test.RunAsync(token))
            {
                results.Add(result);
                if (context.IsTable) Show(context, result);
            }

            if (!context.IsTable) context.Print(results, r => r.Rule);
            var broken = results.Count(r => !r.Ok);
            var failed = string.Create(CultureInfo.InvariantCulture, $"{broken} of {results.Count} checks failed. The rules stand in proto/gofer/extension/v1/extension.proto.");
            context.Error.WriteLine(broken == 0 ? "It keeps to the rules, as far as can be seen from outside." : failed);
            return broken == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static void Show(CommandContext context, ConformanceResult result)
    {
        var console = Consoles.On(context.Out, context);
        var (colour, word) = result.Ok ? ("green", "ok") : ("red", "FAILED");
        var said = $"[{result.Rule}] {Shown.Line(result.What)}{(result.Cure is { } cure ? $" {cure}" : "")}";
        console.MarkupLine($"[{colour}]{word,-6}[/] {Markup.Escape(said)}");
    }

    private static string Token(string? file)
    {
        if (file is null)
        {
            return Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given
                ? given
                : throw new CommandException(
                    Error.Invalid("", $"The token that the extension knows is missing: set {Variable}, or name a file with --token-file."), ExitCode.Usage);
        }

        var (text, wrong) = SecretFile.Read(Path.GetFullPath(file), "/", null);
        return wrong is null ? text! : throw new CommandException(Error.Invalid("", $"--token-file {wrong.Trim()}"));
    }

    private static string? Complaint(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" && address is { PathAndQuery: "/", UserInfo: "", Fragment: "" }
            ? null
            : "must be an address such as http://127.0.0.1:7777, without a path.";
}
