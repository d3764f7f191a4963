using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gofer.Client;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;

namespace Gofer.Cli.Commands;

/// <summary><c>gofer trigger set</c>: a trigger by flags, or from a file where it has more to say than flags can.</summary>
internal static class TriggerSetCommand
{
    public static Command Set()
    {
        var command = new Command("set", "Make a trigger or replace what it does.")
            .Example("gofer trigger set nightly at-night --cron '30 2 * * *' --zone Europe/Berlin")
            .Example("gofer trigger set sync often --every 15m --overlap skip")
            .Example("gofer trigger set report after --after nightly")
            .Example("gofer trigger set p tick --extension ticker --with every_ms=1000")
            .Example("gofer trigger set deploy on-push --file on-push.json", "webhook, github, filters");
        var (pipeline, trigger) = (Names.Pipeline, Names.Trigger);
        var cron = new Option<string?>("--cron") { Description = "A cron expression: 5 fields, or 6 with seconds first, or such as @daily.", HelpName = "EXPRESSION" };
        var every = new Option<string?>("--every") { Description = "How often, such as 15m.", HelpName = "DURATION" };
        var after = new Option<string?>("--after") { Description = "After each run of that pipeline that succeeds.", HelpName = "PIPELINE" };
        var webhook = new Option<bool>("--webhook") { Description = "At each request to its URL, which is shown once." };
        var extension = new Option<string?>("--extension") { Description = "At each event of that extension; --with says what it is given." };
        var file = new Option<string?>("--file") { Description = "A file with the trigger as JSON; - is stdin.", HelpName = "FILE" };
        var zone = new Option<string?>("--zone") { Description = "The time zone of --cron, such as Europe/Berlin; UTC where none is given." };
        var dst = new Option<string?>("--dst") { Description = "What becomes of local times that a change of the clock skips or repeats: skip, shift, once, twice." };
        dst.MustBeOneOf([.. DstPolicies.Words]);
        var catchUp = new Option<string?>("--catch-up") { Description = "What becomes of times that were missed: none, last, all or a number; last where none is given." };
        var overlap = new Option<string?>("--overlap") { Description = "While a run of it has not ended: allow, skip, queue_one, queue, cancel_oldest; allow where none is given." };
        overlap.MustBeOneOf("allow", "skip", "queue_one", "queue", "cancel_oldest");
        var jitter = new Option<string?>("--jitter") { Description = "How much later than its time it fires at most, such as 30s.", HelpName = "DURATION" };
        var version = new Option<int?>("--version") { Description = "The version of its runs; the live one where none is given." };
        var parameters = new Option<string[]>("--param", "-p") { Description = "A parameter of its runs, NAME=VALUE. May be repeated.", HelpName = "NAME=VALUE" };
        var with = new Option<string[]>("--with") { Description = "What the subscription is given, NAME=VALUE; a value may stand for a secret. May be repeated.", HelpName = "NAME=VALUE" };
        command.Arguments.Add(pipeline);
        command.Arguments.Add(trigger);
        Option[] kinds = [cron, every, after, webhook, extension, file];
        Option[] rest = [zone, dst, catchUp, overlap, jitter, version, with, parameters];
        foreach (var option in kinds.Concat(rest)) command.Options.Add(option);
        command.Validators.Add(given =>
        {
            if (kinds.Count(k => given.GetResult(k) is { Implicit: false }) != 1) given.AddError($"Say what sets it off, by one of {string.Join(", ", kinds.Select(k => k.Name))}.");
            else if (given.GetResult(file) is { Implicit: false } && rest.FirstOrDefault(o => given.GetResult(o) is { Implicit: false }) is { } both) given.AddError($"{both.Name} and --file do not go together: the file says it all.");
        });
        command.Run(async (context, token) =>
        {
            var name = context.Parsed.GetValue(trigger)!;
            var body = context.Parsed.GetValue(file) is { } path ? await ReadAsync(context, path, name, token) : Form(context.Parsed);
            var put = await context.Client.PutTriggerAsync(context.Namespace, context.Parsed.GetValue(pipeline)!, name, body, token);
            context.Error.WriteLine($"The trigger '{put.Id}' is set.");
            TriggerCommands.ShowHook(context, put);
            if (context.IsTable && put.Hook is null) context.Print([put], t => t.Id, TriggerCommands.Columns());
            context.PrintAnswer(put, t => t.Id);
            return ExitCode.Done;
        });
        return command;

        JsonObject Form(ParseResult given)
        {
            var form = new JsonObject { ["id"] = given.GetValue(trigger) };
            (form["type"], var key, var value) = given.GetValue(cron) is { } expression ? ("cron", "expression", expression)
                : given.GetValue(every) is { } span ? ("interval", "every", span)
                : given.GetValue(after) is { } followed ? ("pipeline", "pipeline", followed)
                : given.GetValue(extension) is { } subscribed ? ("extension", "extension", subscribed) : ("webhook", "", "");
            if (key.Length > 0) form[key] = value;
            foreach (var (member, option) in ((string, Option<string?>)[])[("zone", zone), ("dst", dst), ("catch_up", catchUp), ("overlap", overlap), ("jitter", jitter)])
            {
                if (given.GetValue(option) is { } text) form[member] = text;
            }

            if (OperateCommands.Pairs(given.GetValue(with), "--with") is { Count: > 0 } values)
            {
                form["with"] = new JsonObject(values.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value)));
            }

            if (given.GetValue(version) is { } number) form["version"] = number;
            if (OperateCommands.Pairs(given.GetValue(parameters), "--param") is { Count: > 0 } pairs)
            {
                form["params"] = new JsonObject(pairs.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value)));
            }

            return form;
        }
    }

    /// <summary>The JSON object of a file, or of stdin, with the name of what is set.</summary>
    internal static async Task<JsonObject> ReadAsync(CommandContext context, string path, string name, CancellationToken token)
    {
        var form = await ReadAsync(path, """{"type":"webhook"}""", token);
        form.TryAdd("id", name);
        return form;
    }

    /// <summary>The JSON object of a file, or of stdin; what is none is told one that would do.</summary>
    internal static async Task<JsonObject> ReadAsync(string path, string like, CancellationToken token)
    {
        string text;
        try
        {
            text = path == "-" ? await Console.In.ReadToEndAsync(token) : await File.ReadAllTextAsync(path, token);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(Error.Invalid("", $"{Shown.Quoted(path)} cannot be read: {e.Message}"), ExitCode.Usage);
        }

        try
        {
            if (JsonNode.Parse(text) is JsonObject form) return form;
        }
        catch (JsonException e)
        {
            throw new CommandException(Error.Malformed("", $"{Shown.Quoted(path)} is no JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}."), ExitCode.Failed);
        }

        throw new CommandException(Error.Malformed("", $"{Shown.Quoted(path)} holds no JSON object; what is set is one such as {like}."), ExitCode.Failed);
    }
}
