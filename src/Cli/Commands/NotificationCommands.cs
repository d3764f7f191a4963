using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gofer.Cli.Completion;
using Gofer.Cli.Terminal;
using Gofer.Client;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;

namespace Gofer.Cli.Commands;

/// <summary><c>gofer notification</c>: who is told of how runs ended, and the ledger of what was told.</summary>
internal static class NotificationCommands
{
    private static Argument<string> Name => new Argument<string>("notification") { Description = "The notification." }.Judged(Slug.Complaint);

    private static Option<string?> Pipeline =>
        new Option<string?>("--pipeline", "-p") { Description = "The pipeline whose it is; the namespace's where none is given." }.Suggests(Suggestions.Pipelines);

    public static Command Notification()
    {
        var noun = new Command("notification", "Who is told of how runs ended, of a pipeline or of all of a namespace; and what came of it.")
            .Example("gofer notification set oncall -p nightly --on failed --url https://a.example/");
        noun.Subcommands.Add(List());
        noun.Subcommands.Add(Get());
        noun.Subcommands.Add(Set());
        noun.Subcommands.Add(Delete());
        noun.Subcommands.Add(Deliveries());
        return noun;
    }

    private static (string, Func<NotificationView, string?>)[] Columns() =>
    [
        ("id", n => n.Id), ("pipeline", n => n.Pipeline), ("on", n => string.Join(',', n.On)), ("type", n => JsonNamingPolicy.SnakeCaseLower.ConvertName(n.Type.ToString())), ("url", n => n.Url),
        ("enabled", n => n.Enabled ? "yes" : "no"), ("source", n => JsonNamingPolicy.SnakeCaseLower.ConvertName(n.Source.ToString())),
    ];

    /// <summary>The command with its option, whose value must be a name.</summary>
    private static Option<string?> Of(Command command)
    {
        var pipeline = Pipeline;
        command.Options.Add(pipeline);
        command.Validators.Add(given =>
        {
            if (given.GetValue(pipeline) is { } name && Slug.Complaint(name) is { } complaint) given.AddError($"--pipeline {complaint}");
        });
        return pipeline;
    }

    private static Command List()
    {
        var command = new Command("list", "List the notifications of a pipeline or of the namespace.").Example("gofer notification list -p nightly");
        var (of, limit) = (Of(command), NounCommands.Limit);
        command.Options.Add(limit);
        command.Run(async (context, token) =>
        {
            var (api, pipeline) = (context.Client.Notifications, context.Parsed.GetValue(of));
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = pipeline is null
                    ? await api.ListNamespaceNotificationsAsync(context.Namespace, most, cursor, token)
                    : await api.ListNotificationsAsync(context.Namespace, pipeline, most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(items, n => n.Id, Columns());
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Get()
    {
        var command = new Command("get", "Read a notification.").Example("gofer notification get oncall -p nightly -o json");
        var (name, of) = (Name, Of(command));
        command.Arguments.Add(name);
        command.Run(async (context, token) =>
        {
            var (api, wanted) = (context.Client.Notifications, context.Parsed.GetValue(name)!);
            var got = context.Parsed.GetValue(of) is { } pipeline
                ? await api.GetNotificationAsync(context.Namespace, pipeline, wanted, token)
                : await api.GetNamespaceNotificationAsync(context.Namespace, wanted, token);
            context.PrintOne(got, n => n.Id, Columns());
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Set()
    {
        var command = new Command("set", "Make a notification or replace it.")
            .Example("gofer notification set oncall -p nightly --on failed --url https://a.example/")
            .Example("gofer notification set team --on failed --url 'namespace_secret{{team}}'", "told of every pipeline of the namespace")
            .Example("gofer notification set oncall -p nightly --file oncall.json");
        var (name, of) = (Name, Of(command));
        var on = new Option<string?>("--on") { Description = $"What is told, with commas between: {string.Join(", ", NotificationWords.Outcomes)}.", HelpName = "OUTCOMES" };
        var url = new Option<string?>("--url") { Description = "The address, or the secret that stands for all of it, such as namespace_secret{{hook}}." };
        var type = new Option<string?>("--type") { Description = "How it is told: webhook or slack; webhook where none is given." };
        type.MustBeOneOf([.. NotificationWords.Types]);
        var secret = new Option<string?>("--secret") { Description = "The secret that signs what a webhook is sent, such as pipeline_secret{{hook-key}}." };
        var longer = new Option<string?>("--longer-than") { Description = "The time after which a run is told of, such as 30m; for longer_than.", HelpName = "DURATION" };
        var disabled = new Option<bool>("--disabled") { Description = "Tell nothing until it is set again." };
        var file = new Option<string?>("--file") { Description = "A file with the notification as JSON; - is stdin.", HelpName = "FILE" };
        command.Arguments.Add(name);
        Option[] flags = [on, url, type, secret, longer, disabled];
        foreach (var option in flags.Append(file)) command.Options.Add(option);
        command.Validators.Add(given =>
        {
            if (given.GetResult(file) is { Implicit: false })
            {
                if (flags.FirstOrDefault(o => given.GetResult(o) is { Implicit: false }) is { } both) given.AddError($"{both.Name} and --file do not go together: the file says it all.");
            }
            else if (given.GetValue(on) is null || given.GetValue(url) is null)
            {
                given.AddError("Say what is told and where, by --on and --url, or by --file.");
            }
        });
        command.Run(async (context, token) =>
        {
            var wanted = context.Parsed.GetValue(name)!;
            var body = context.Parsed.GetValue(file) is { } path ? await TriggerSetCommand.ReadAsync(context, path, wanted, token) : Form(context.Parsed, wanted);
            var put = await context.Client.PutNotificationAsync(context.Namespace, context.Parsed.GetValue(of), wanted, body, token);
            context.Error.WriteLine($"The notification '{put.Id}' is set.");
            if (context.IsTable) context.Print([put], n => n.Id, Columns());
            context.PrintAnswer(put, n => n.Id);
            return ExitCode.Done;
        });
        return command;

        JsonObject Form(ParseResult given, string wanted)
        {
            var words = given.GetValue(on)!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            var form = new JsonObject
            {
                ["id"] = wanted,
                ["on"] = new JsonArray([.. words.Select(w => (JsonNode?)w)]),
                ["type"] = given.GetValue(type) ?? NotificationWords.Types[0],
                ["url"] = given.GetValue(url),
            };
            if (given.GetValue(secret) is { } key) form["secret"] = key;
            if (given.GetValue(longer) is { } time) form["longer_than"] = time;
            if (given.GetValue(disabled)) form["enabled"] = false;
            return form;
        }
    }

    private static Command Delete()
    {
        var command = new Command("delete", "Delete a notification; its deliveries stay in the ledger.").Example("gofer notification delete oncall -p nightly --yes");
        var (name, of, yes) = (Name, Of(command), NounCommands.Yes);
        command.Arguments.Add(name);
        command.Options.Add(yes);
        command.Run(async (context, token) =>
        {
            var (api, wanted) = (context.Client.Notifications, context.Parsed.GetValue(name)!);
            if (NounCommands.Confirm(context, yes, $"the notification '{wanted}'") is { } refusal) return refusal;
            if (context.Parsed.GetValue(of) is { } pipeline) await api.DeleteNotificationAsync(context.Namespace, pipeline, wanted, token);
            else await api.DeleteNamespaceNotificationAsync(context.Namespace, wanted, token);
            context.Error.WriteLine($"The notification '{wanted}' is deleted.");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Deliveries()
    {
        var command = new Command("deliveries", "List what was told of the runs of a pipeline, or of all of the namespace's, newest first.")
            .Example("gofer notification deliveries -p nightly --state failed");
        var of = Of(command);
        var notification = new Option<string[]>("--notification") { Description = "Only those of that notification. May be repeated." };
        var state = new Option<string[]>("--state") { Description = "Only those that stand so: open, delivered, failed, refused. May be repeated.", HelpName = "STATE" };
        state.MustBeOneOf("open", "delivered", "failed", "refused");
        var limit = NounCommands.Limit;
        foreach (var option in (Option[])[notification, state, limit]) command.Options.Add(option);
        command.Run(async (context, token) =>
        {
            var (api, pipeline) = (context.Client.Notifications, context.Parsed.GetValue(of));
            var (names, states) = (context.Parsed.GetValue(notification), context.Parsed.GetValue(state));
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = pipeline is null
                    ? await api.ListNamespaceNotificationDeliveriesAsync(context.Namespace, names, states, most, cursor, token)
                    : await api.ListNotificationDeliveriesAsync(context.Namespace, pipeline, names, states, most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(
                items, d => d.Id.ToString(), ("id", d => d.Id.ToString()), ("notification", d => d.Notification), ("pipeline", d => d.Pipeline),
                ("run", d => d.Run.ToString(CultureInfo.InvariantCulture)), ("on", d => d.On), ("state", d => d.State),
                ("attempts", d => d.Attempts.ToString(CultureInfo.InvariantCulture)), ("made", d => Table.Time(d.CreatedAt)), ("message", d => d.LastMessage));
            return ExitCode.Done;
        });
        return command;
    }
}
