using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gofer.Cli.Terminal;
using Gofer.Client;
using Gofer.Domain.Common;

namespace Gofer.Cli.Commands;

/// <summary><c>gofer extension</c>: programs of others that bring kinds of triggers.</summary>
internal static class ExtensionCommands
{
    private static Argument<string> Name => new Argument<string>("extension") { Description = "The extension." }.Judged(Slug.Complaint);

    public static Command Extension()
    {
        var noun = new Command("extension", "Programs that bring kinds of triggers: pipelines subscribe to them, and their events become runs.")
            .Example("gofer extension install ticker --image ghcr.io/acme/ticker:1");
        var limit = NounCommands.Limit;
        noun.Add("list", "List the extensions of the install", "gofer extension list", [limit], [], async (context, token) =>
        {
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = await context.Client.Extensions.ListExtensionsAsync(most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(items, e => e.Id, Columns());
            return ExitCode.Done;
        });
        noun.Subcommands.Add(Get());
        noun.Subcommands.Add(Install());
        noun.Subcommands.Add(Update());
        var (deleted, force, yes) = (Name, new Option<bool>("--force") { Description = "Also where triggers subscribe to it; they are shown to miss it then." }, NounCommands.Yes);
        noun.Add("delete", "Uninstall an extension", "gofer extension delete ticker --yes", [force, yes], [deleted], async (context, token) =>
        {
            var name = context.Parsed.GetValue(deleted)!;
            if (NounCommands.Confirm(context, yes, $"the extension '{name}'") is { } refusal) return refusal;
            await context.Client.Extensions.UninstallExtensionAsync(name, context.Parsed.GetValue(force), token);
            context.Error.WriteLine($"The extension '{name}' is uninstalled. Its container is asked to end.");
            return ExitCode.Done;
        });
        noun.Subcommands.Add(Switch("enable", "Let an extension run", (api, name, token) => api.EnableExtensionAsync(name, token)));
        noun.Subcommands.Add(Switch("disable", "End an extension; its subscriptions wait until it is enabled", (api, name, token) => api.DisableExtensionAsync(name, token)));
        noun.Subcommands.Add(Logs());
        noun.Subcommands.Add(ExtensionTestCommand.Test());
        return noun;
    }

    private static (string, Func<ExtensionView, string?>)[] Columns() =>
    [
        ("id", e => e.Id), ("state", e => e.Enabled ? JsonNamingPolicy.SnakeCaseLower.ConvertName(e.State.ToString()) : "disabled"), ("version", e => e.Description?.Version),
        ("image", e => e.Image ?? e.Endpoint), ("subscriptions", e => e.Subscriptions.ToString(CultureInfo.InvariantCulture)),
        ("restarts", e => e.Restarts.ToString(CultureInfo.InvariantCulture)), ("message", e => e.Message),
    ];

    private static Command Get()
    {
        var command = new Command("get", "Read an extension: what became of it, and what it takes.").Example("gofer extension get ticker");
        var name = Name;
        command.Arguments.Add(name);
        command.Run(async (context, token) =>
        {
            var extension = await context.Client.Extensions.GetExtensionAsync(context.Parsed.GetValue(name)!, token);
            context.PrintOne(extension, e => e.Id, Columns());
            if (context.IsTable && extension.Description is { } description)
            {
                context.Out.WriteLine();
                context.Print(
                    description.Params, p => p.Name, ("parameter", p => p.Name), ("type", p => JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Type.ToString())),
                    ("required", p => p.Required ? "yes" : ""), ("default", p => p.Default), ("documentation", p => p.Documentation));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Command Install()
    {
        var command = new Command("install", "Install an extension: an image that Gofer runs, or an endpoint where you run it.")
            .Example("gofer extension install ticker --image ghcr.io/acme/ticker:1")
            .Example("gofer extension install ticker --endpoint https://ticker.example:7777")
            .Example("gofer extension install ticker --image none -- node ticker.mjs", "where tasks run on processes");
        var name = Name;
        command.Arguments.Add(name);
        var form = new Form(command);
        command.Run(async (context, token) =>
        {
            var wanted = context.Parsed.GetValue(name)!;
            var body = await form.ReadAsync(context, wanted, token);
            body["id"] = wanted;
            var installed = await context.Client.InstallExtensionAsync(body, token);
            context.Error.WriteLine($"The extension '{installed.Id}' is installed. 'gofer extension get {installed.Id}' shows what becomes of it.");
            context.Error.WriteLine($"What others send it goes to {installed.Hook}, which nobody is shown again.");
            if (installed.Token is { } secret) context.Error.WriteLine($"It has to know this token, which nobody is shown again: GOFER_EXTENSION_TOKEN={secret}");
            if (context.IsTable) context.Print([installed], e => e.Id, Columns());
            context.PrintAnswer(installed, e => e.Id);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Update()
    {
        var command = new Command("update", "Change how an extension is run, such as to a newer image; its subscriptions stay.")
            .Example("gofer extension update ticker --image ghcr.io/acme/ticker:2");
        var name = Name;
        command.Arguments.Add(name);
        var form = new Form(command);
        command.Run(async (context, token) =>
        {
            var wanted = context.Parsed.GetValue(name)!;
            var body = await form.ReadAsync(context, wanted, token);
            body.Remove("id");
            var updated = await context.Client.UpdateExtensionAsync(wanted, body, token);
            context.Error.WriteLine($"The extension '{wanted}' is changed.");
            if (context.IsTable) context.Print([updated], e => e.Id, Columns());
            context.PrintAnswer(updated, e => e.Id);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Switch(string verb, string about, Func<IExtensionsApi, string, CancellationToken, Task<ExtensionView>> act)
    {
        var command = new Command(verb, $"{about}.").Example($"gofer extension {verb} ticker");
        var name = Name;
        command.Arguments.Add(name);
        command.Run(async (context, token) =>
        {
            var extension = await act(context.Client.Extensions, context.Parsed.GetValue(name)!, token);
            context.Error.WriteLine($"The extension '{extension.Id}' is {verb}d.");
            context.PrintAnswer(extension, e => e.Id);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Logs()
    {
        var command = new Command("logs", "Print the newest output of an extension that Gofer runs.").Example("gofer extension logs ticker --tail 100");
        var name = Name;
        var tail = new Option<int?>("--tail") { Description = "So many of the newest lines alone.", HelpName = "LINES" };
        command.Arguments.Add(name);
        command.Options.Add(tail);
        command.Run(async (context, token) =>
        {
            await using var log = await context.Client.Extensions.GetExtensionLogsAsync(context.Parsed.GetValue(name)!, context.Parsed.GetValue(tail), token);
            // The bytes as they were.
            await using var output = Console.OpenStandardOutput();
            await log.CopyToAsync(output, token);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>What of the command line, or of a file, says how an extension is run.</summary>
    private sealed class Form
    {
        private readonly Option<string?> _image = new("--image") { Description = "The image." };
        private readonly Option<string?> _endpoint = new("--endpoint") { Description = "Where you run it yourself: a gRPC server such as https://ticker.example:7777.", HelpName = "URL" };
        private readonly Option<string[]> _settings = new("--setting") { Description = "What it is given, NAME=VALUE; a value may stand for a secret, global_secret{{k}}; in place of all that it was given. May be repeated.", HelpName = "NAME=VALUE" };
        private readonly Option<string?> _file = new("--file") { Description = "A file that says it as JSON; - is stdin.", HelpName = "FILE" };
        private readonly Argument<string[]> _command = new("command") { Description = "The command, after --, in place of the image's own.", Arity = ArgumentArity.ZeroOrMore };

        public Form(Command command)
        {
            foreach (var option in (Option[])[_image, _endpoint, _settings, _file]) command.Options.Add(option);
            command.Arguments.Add(_command);
            command.Validators.Add(given =>
            {
                if (given.GetResult(_file) is { Implicit: false } && (given.GetResult(_image) is { Implicit: false } || given.GetResult(_endpoint) is { Implicit: false }))
                {
                    given.AddError("--file does not go together with --image and --endpoint: the file says it all.");
                }
            });
        }

        public async Task<JsonObject> ReadAsync(CommandContext context, string name, CancellationToken cancellationToken)
        {
            var given = context.Parsed;
            if (given.GetValue(_file) is { } path) return await TriggerSetCommand.ReadAsync(context, path, name, cancellationToken);
            var body = new JsonObject();
            if (given.GetValue(_image) is { } image) body["image"] = image;
            if (given.GetValue(_endpoint) is { } endpoint) body["endpoint"] = endpoint;
            if (given.GetValue(_command) is { Length: > 0 } words) body["command"] = new JsonArray([.. words.Select(w => (JsonNode?)w)]);
            if (OperateCommands.Pairs(given.GetValue(_settings), "--setting") is { Count: > 0 } pairs)
            {
                body["settings"] = new JsonObject(pairs.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value)));
            }

            return body;
        }
    }
}
