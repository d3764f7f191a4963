using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Gofer.Cli.Completion;
using Gofer.Cli.Terminal;
using Gofer.Client;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;
using OverlapPolicy = Gofer.Client.OverlapPolicy;
using TriggerType = Gofer.Client.TriggerType;

namespace Gofer.Cli.Commands;

/// <summary><c>gofer trigger</c>: what runs pipelines by itself, and the ledger of what came.</summary>
internal static class TriggerCommands
{
    public static Command Trigger()
    {
        var noun = new Command("trigger", "What runs pipelines by itself: the clock, webhooks, GitHub, other pipelines; and what came of it.")
            .Example("gofer trigger set nightly at-night --cron '30 2 * * *' --zone Europe/Berlin");
        var (listed, limit) = (Names.Pipeline, NounCommands.Limit);
        noun.Add("list", "List the triggers of a pipeline", "gofer trigger list nightly", [limit], [listed], async (context, token) =>
        {
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = await context.Client.Triggers.ListTriggersAsync(context.Namespace, context.Parsed.GetValue(listed)!, most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(items, t => t.Id, Columns());
            return ExitCode.Done;
        });
        var (of, got) = (Names.Pipeline, Names.Trigger);
        noun.Add("get", "Read a trigger", "gofer trigger get nightly at-night -o json", [], [of, got], async (context, token) =>
        {
            context.PrintOne(await context.Client.Triggers.GetTriggerAsync(context.Namespace, context.Parsed.GetValue(of)!, context.Parsed.GetValue(got)!, token), t => t.Id, Columns());
            return ExitCode.Done;
        });
        noun.Subcommands.Add(TriggerSetCommand.Set());
        noun.Subcommands.Add(Switch("enable", "Let a trigger fire again; what it missed meanwhile is not made up for.", true));
        noun.Subcommands.Add(Switch("disable", "Let a trigger fire no more, until it is enabled.", false));
        noun.Subcommands.Add(Fire());
        noun.Subcommands.Add(Preview());
        noun.Subcommands.Add(BackfillCommands.Make());
        noun.Subcommands.Add(Rotate());
        noun.Subcommands.Add(Events());
        noun.Subcommands.Add(Replay());
        var (home, deleted, yes) = (Names.Pipeline, Names.Trigger, NounCommands.Yes);
        noun.Add("delete", "Delete a trigger; its events stay in the ledger", "gofer trigger delete nightly at-night --yes", [yes], [home, deleted], async (context, token) =>
        {
            var name = context.Parsed.GetValue(deleted)!;
            if (NounCommands.Confirm(context, yes, $"the trigger '{name}'") is { } refusal) return refusal;
            await context.Client.Triggers.DeleteTriggerAsync(context.Namespace, context.Parsed.GetValue(home)!, name, token);
            context.Error.WriteLine($"The trigger '{name}' is deleted.");
            return ExitCode.Done;
        });
        return noun;
    }

    /// <summary>How triggers are shown in a table.</summary>
    internal static (string, Func<TriggerView, string?>)[] Columns() =>
    [
        ("id", t => t.Id), ("type", t => Word(t.Type)), ("when", When), ("next", t => t.NextAt is { } next ? Table.Time(next) : null), ("overlap", t => Word(t.Overlap)),
        ("enabled", t => t.Enabled ? "yes" : "no"), ("source", t => Word(t.Source)),
    ];

    /// <summary>Says where the URL of a trigger is, once.</summary>
    internal static void ShowHook(CommandContext context, TriggerView trigger)
    {
        if (trigger.Hook is not { } hook) return;
        context.Error.WriteLine("Its URL is below and is shown this once: who has it may set the trigger off.");
        if (context.IsTable) context.Out.WriteLine($"{context.ServerUrl.TrimEnd('/')}{hook}");
    }

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static string? When(TriggerView trigger) => trigger.Type switch
    {
        TriggerType.Cron => $"{trigger.Expression} {trigger.Zone}",
        TriggerType.Interval => $"every {trigger.Every}",
        TriggerType.Extension => trigger.Extension,
        TriggerType.Pipeline => trigger.Upstream is { } upstream ? $"{upstream.Namespace}/{upstream.Pipeline} {string.Join(',', upstream.On)}" : null,
        TriggerType.Github => trigger.Repository,
        _ => null,
    };

    private static Command Switch(string verb, string about, bool enabled)
    {
        var (pipeline, trigger) = (Names.Pipeline, Names.Trigger);
        var command = new Command(verb, about).Example($"gofer trigger {verb} nightly at-night");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(trigger);
        command.Run(async (context, token) =>
        {
            var changed = await context.Client.Triggers.UpdateTriggerAsync(
                context.Namespace, context.Parsed.GetValue(pipeline)!, context.Parsed.GetValue(trigger)!, new TriggerStateBody { Enabled = enabled }, token);
            context.Error.WriteLine($"The trigger '{changed.Id}' is {verb}d.");
            context.PrintAnswer(changed, t => t.Id);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Fire()
    {
        var (pipeline, trigger) = (Names.Pipeline, Names.Trigger);
        var parameters = new Option<string[]>("--param", "-p") { Description = "A parameter of the run in place of the trigger's, NAME=VALUE. May be repeated.", HelpName = "NAME=VALUE" };
        var key = new Option<string?>("--idempotency-key") { Description = "Repeating the command with the same key makes no second event." };
        var command = new Command("fire", "Fire a trigger by hand, whatever its filter and overlap say.").Example("gofer trigger fire nightly at-night -p region=us");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(trigger);
        command.Options.Add(parameters);
        command.Options.Add(key);
        command.Run(async (context, token) =>
        {
            var name = context.Parsed.GetValue(pipeline)!;
            var given = OperateCommands.Pairs(context.Parsed.GetValue(parameters), "--param");
            var body = new FireBody { Params = given?.ToDictionary(p => p.Key, p => JsonSerializer.SerializeToElement(p.Value)) };
            var fired = await context.Client.Triggers.FireTriggerAsync(context.Namespace, name, context.Parsed.GetValue(trigger)!, body, context.Parsed.GetValue(key), token);
            return await DecidedAsync(context, name, fired, token);
        });
        return command;
    }

    private static Command Preview()
    {
        var (pipeline, trigger) = (Names.Pipeline, Names.Trigger);
        var count = new Option<int>("--count") { Description = "How many times, 10 where none is given.", DefaultValueFactory = _ => 10 };
        var after = new Option<DateTimeOffset?>("--after") { Description = "From that time on; now where none is given.", HelpName = "TIME" };
        var command = new Command("preview", "Say when a trigger with a schedule fires next, without jitter.").Example("gofer trigger preview nightly at-night --count 5");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(trigger);
        command.Options.Add(count);
        command.Options.Add(after);
        command.Run(async (context, token) =>
        {
            var preview = await context.Client.Triggers.PreviewTriggerAsync(
                context.Namespace, context.Parsed.GetValue(pipeline)!, context.Parsed.GetValue(trigger)!, context.Parsed.GetValue(count), context.Parsed.GetValue(after), token);
            context.Print(preview.Items, Time, ("time", Time));
            return ExitCode.Done;
        });
        return command;

        static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
    }

    private static Command Rotate()
    {
        var (pipeline, trigger) = (Names.Pipeline, Names.Trigger);
        var command = new Command("rotate", "Give a trigger another URL; the one that it has leads to nothing from then on.").Example("gofer trigger rotate deploy on-push");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(trigger);
        command.Run(async (context, token) =>
        {
            var rotated = await context.Client.Triggers.RotateTriggerAsync(context.Namespace, context.Parsed.GetValue(pipeline)!, context.Parsed.GetValue(trigger)!, token);
            ShowHook(context, rotated);
            context.PrintAnswer(rotated, t => t.Id);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Events()
    {
        var pipeline = Names.Pipeline;
        var trigger = new Option<string[]>("--trigger") { Description = "Only events of that trigger. May be repeated." };
        trigger.Suggests(Suggestions.Triggers);
        var decision = new Option<string[]>("--decision") { Description = $"Only what was decided so: {string.Join(", ", Decisions.All)}; or open. May be repeated.", HelpName = "DECISION" };
        decision.MustBeOneOf([.. Decisions.All, "open"]);
        var limit = NounCommands.Limit;
        var command = new Command("events", "List what came to a pipeline's triggers and what was decided, newest first.").Example("gofer trigger events nightly --decision failed");
        command.Arguments.Add(pipeline);
        foreach (var option in (Option[])[trigger, decision, limit]) command.Options.Add(option);
        command.Run(async (context, token) =>
        {
            var (triggers, decisions) = (context.Parsed.GetValue(trigger), context.Parsed.GetValue(decision));
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = await context.Client.Triggers.ListTriggerEventsAsync(context.Namespace, context.Parsed.GetValue(pipeline)!, triggers, decisions, most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(items, e => e.Id.ToString(), EventColumns());
            return ExitCode.Done;
        });
        return command;
    }

    private static (string, Func<TriggerEventView, string?>)[] EventColumns() =>
    [
        ("id", e => e.Id.ToString()), ("trigger", e => e.Trigger), ("kind", e => e.Kind), ("came", e => Table.Time(e.ReceivedAt)),
        ("for", e => e.ScheduledFor is { } time ? Table.Time(time) : null), ("decision", e => e.Decision ?? "open"), ("run", e => e.Run?.ToString(CultureInfo.InvariantCulture)), ("reason", e => e.Reason),
    ];

    private static Command Replay()
    {
        var pipeline = Names.Pipeline;
        var id = new Argument<string>("event") { Description = "The event's id, as 'gofer trigger events' shows it." }
            .Judged(text => Guid.TryParse(text, out _) ? null : $"{Shown.Quoted(text)} must be an id such as 019308b1-7c00-7000-8000-000000000000.");
        var version = new Option<int?>("--version") { Description = "The version of the run; what the trigger says where none is given." };
        version.Suggests(Suggestions.Versions);
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would come of it." };
        var command = new Command("replay", "Judge an event once more by what its trigger does now, and run it.")
            .Example("gofer trigger replay nightly 019308b1-7c00-7000-8000-000000000000");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(id);
        command.Options.Add(version);
        command.Options.Add(dryRun);
        command.Run(async (context, token) =>
        {
            var (name, wanted, body) = (context.Parsed.GetValue(pipeline)!, context.Parsed.GetValue(id)!, new ReplayBody { Version = context.Parsed.GetValue(version) });
            if (!context.Parsed.GetValue(dryRun))
            {
                return await DecidedAsync(context, name, await context.Client.Triggers.ReplayTriggerEventAsync(context.Namespace, name, wanted, body, null, null, token), token);
            }

            var plan = await context.Client.PlanReplayAsync(context.Namespace, name, wanted, body, token);
            context.PrintOne(
                plan, p => p.Decision, ("decision", p => p.Decision), ("version", p => p.Version?.ToString(CultureInfo.InvariantCulture)),
                ("params", p => p.Params is { Count: > 0 } given ? string.Join(' ', given.Select(v => $"{v.Key}={v.Value}")) : null), ("reason", p => p.Reason));
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Waits until an event is decided, which takes a moment where a worker is there, and says what came of it.</summary>
    private static async Task<ExitCode> DecidedAsync(CommandContext context, string pipeline, TriggerEventView fired, CancellationToken token)
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        while (fired.Decision is null && System.Diagnostics.Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(15))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), token);
            fired = await context.Client.Triggers.GetTriggerEventAsync(context.Namespace, pipeline, fired.Id.ToString(), token);
        }

        context.PrintAnswer(fired, e => e.Id.ToString());
        switch (fired.Decision)
        {
            case null:
                context.Error.WriteLine($"The event {fired.Id} is stored and not decided yet: no worker has come to it. 'gofer trigger events {pipeline}{context.Flags}' shows what came of it.");
                return ExitCode.Done;
            case Decisions.Ran:
                if (context.IsTable) context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pipeline} run {fired.Run}, version {fired.RunVersion}"));
                return ExitCode.Done;
            default:
                context.Error.WriteLine($"gofer: No run was made: {fired.Decision}. {fired.Reason}");
                return ExitCode.Failed;
        }
    }
}
