using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using Gofer.Cli.Completion;
using Gofer.Cli.Terminal;
using Gofer.Client;
using Gofer.Domain.Common;
using Backfill = Gofer.Domain.Triggers.Backfill;

namespace Gofer.Cli.Commands;

/// <summary><c>gofer backfill</c>, and <c>gofer trigger backfill</c> which makes one: past times of schedules that are run.</summary>
internal static class BackfillCommands
{
    private static readonly string[] s_times = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    private static Argument<string> Id => new Argument<string>("id") { Description = "The backfill's id, as 'gofer backfill list' shows it." }
        .Judged(text => Guid.TryParse(text, out _) ? null : $"{Shown.Quoted(text)} must be an id such as 019308b1-7c00-7000-8000-000000000000.")
        .Suggests(Suggestions.Backfills);

    public static Command Backfills()
    {
        var noun = new Command("backfill", "Past times of a trigger that are run, so many at a time; 'gofer trigger backfill' makes one.")
            .Example("gofer backfill list nightly");
        var (listed, limit) = (Names.Pipeline, NounCommands.Limit);
        var trigger = new Option<string[]>("--trigger") { Description = "Only backfills of that trigger. May be repeated." };
        trigger.Suggests(Suggestions.Triggers);
        noun.Add("list", "List the backfills of a pipeline, newest first", "gofer backfill list nightly --trigger at-night", [trigger, limit], [listed], async (context, token) =>
        {
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var (pipeline, triggers) = (context.Parsed.GetValue(listed)!, context.Parsed.GetValue(trigger));
                var page = await context.Client.Triggers.ListBackfillsAsync(context.Namespace, pipeline, triggers, most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(items, b => b.Id.ToString(), Columns());
            return ExitCode.Done;
        });
        noun.Subcommands.Add(Verb("get", "Read a backfill: how far it is, and what became of it.", null, (client, home, pipeline, id, token) =>
            client.Triggers.GetBackfillAsync(home, pipeline, id, token)));
        noun.Subcommands.Add(Verb("pause", "Let a backfill make no more runs until it is resumed; those that it has go on.", "is paused", (client, home, pipeline, id, token) =>
            client.Triggers.UpdateBackfillAsync(home, pipeline, id, new BackfillStateBody { Paused = true }, token)));
        noun.Subcommands.Add(Verb("resume", "Let a backfill make runs again.", "goes on", (client, home, pipeline, id, token) =>
            client.Triggers.UpdateBackfillAsync(home, pipeline, id, new BackfillStateBody { Paused = false }, token)));
        noun.Subcommands.Add(Verb("cancel", "Cancel a backfill and its runs; no more are made.", "is cancelled", (client, home, pipeline, id, token) =>
            client.Triggers.CancelBackfillAsync(home, pipeline, id, token)));
        return noun;
    }

    /// <summary>The verb of <c>gofer trigger</c> that makes one.</summary>
    public static Command Make()
    {
        var command = new Command("backfill", "Run past times of a trigger with a schedule, so many at a time and after whatever else waits.")
            .Example("gofer trigger backfill nightly at-night --from 2026-01-01 --to 2026-02-01")
            .Example("gofer trigger backfill sync often --from 2026-01-01 --to 2026-01-02 --dry-run", "only say which times those are");
        var (pipeline, trigger) = (Names.Pipeline, Names.Trigger);
        var from = Time("--from", "The first time that may be run: such as 2026-01-31T02:30:00Z, or a date, which is its midnight in UTC.");
        var to = Time("--to", "The first time that is not run any more, in the same form; not later than now.");
        var limit = Number("--limit", "How many times at most, of those that are taken first; all where none is given.", Backfill.MaxTimes);
        var parallel = Number("--parallel", $"How many of its runs are active at a time, {Backfill.DefaultParallel} where none is given.", Backfill.MaxParallel);
        var reverse = new Option<bool>("--reverse") { Description = "The newest time first." };
        var version = new Option<int?>("--version") { Description = "The version of the runs; what the trigger says where none is given." };
        version.Suggests(Suggestions.Versions);
        var parameters = new Option<string[]>("--param", "-p") { Description = "A parameter of the runs in place of the trigger's, NAME=VALUE. May be repeated.", HelpName = "NAME=VALUE" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say how many times those are, and the first and the last." };
        var key = new Option<string?>("--idempotency-key") { Description = "Repeating the command with the same key makes no second backfill." };
        command.Arguments.Add(pipeline);
        command.Arguments.Add(trigger);
        foreach (var option in (Option[])[from, to, limit, parallel, reverse, version, parameters, dryRun, key]) command.Options.Add(option);
        command.Run(async (context, token) =>
        {
            var (name, wanted) = (context.Parsed.GetValue(pipeline)!, context.Parsed.GetValue(trigger)!);
            var body = new BackfillBody
            {
                From = Read(context.Parsed.GetValue(from)!)!.Value,
                To = Read(context.Parsed.GetValue(to)!)!.Value,
                Limit = context.Parsed.GetValue(limit),
                Parallel = context.Parsed.GetValue(parallel),
                Reverse = context.Parsed.GetValue(reverse),
                Version = context.Parsed.GetValue(version),
                Params = OperateCommands.Pairs(context.Parsed.GetValue(parameters), "--param")?.ToDictionary(p => p.Key, p => JsonSerializer.SerializeToElement(p.Value)),
            };
            if (context.Parsed.GetValue(dryRun))
            {
                var plan = await context.Client.PlanBackfillAsync(context.Namespace, name, wanted, body, token);
                context.PrintOne(plan, p => Text(p.Total), ("times", p => Text(p.Total)), ("first", p => Table.Time(p.First)), ("last", p => Table.Time(p.Last)));
                return ExitCode.Done;
            }

            var made = await context.Client.Triggers.CreateBackfillAsync(context.Namespace, name, wanted, body, null, context.Parsed.GetValue(key), token);
            context.PrintOne(made, b => b.Id.ToString(), Columns());
            context.Error.WriteLine($"How far it is shows 'gofer backfill get {name} {made.Id}{context.Flags}'.");
            return ExitCode.Done;
        });
        return command;
    }

    private static (string, Func<BackfillView, string?>)[] Columns() =>
    [
        ("id", b => b.Id.ToString()), ("trigger", b => b.Trigger), ("state", b => JsonNamingPolicy.SnakeCaseLower.ConvertName(b.State.ToString())),
        ("made", b => $"{Text(b.Made)}/{Text(b.Total)}"), ("active", b => Text(b.Active)), ("from", b => Table.Time(b.From)), ("to", b => Table.Time(b.To)), ("reason", b => b.Reason),
    ];

    private static Command Verb(string verb, string about, string? done, Func<GoferClient, string, string, string, CancellationToken, Task<BackfillView>> ask)
    {
        var (pipeline, id) = (Names.Pipeline, Id);
        var command = new Command(verb, about).Example($"gofer backfill {verb} nightly 019308b1-7c00-7000-8000-000000000000");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(id);
        command.Run(async (context, token) =>
        {
            var backfill = await ask(context.Client, context.Namespace, context.Parsed.GetValue(pipeline)!, context.Parsed.GetValue(id)!, token);
            if (done is null)
            {
                context.PrintOne(backfill, b => b.Id.ToString(), Columns());
                return ExitCode.Done;
            }

            context.Error.WriteLine($"The backfill {backfill.Id} {done}.");
            context.PrintAnswer(backfill, b => b.Id.ToString());
            return ExitCode.Done;
        });
        return command;
    }

    private static Option<string> Time(string name, string about)
    {
        var option = new Option<string>(name) { Description = about, HelpName = "TIME", Required = true };
        option.Validators.Add(result =>
        {
            if (result.Tokens is not [var token, ..] || Read(token.Value) is not null) return;
            result.AddError($"{name} is {Shown.Quoted(token.Value)}; it must be a time such as 2026-01-31T02:30:00Z, or a date such as 2026-01-31.");
        });
        return option;
    }

    private static Option<int?> Number(string name, string about, int most)
    {
        var option = new Option<int?>(name) { Description = about };
        option.Validators.Add(result =>
        {
            if (result.Tokens is not [var token, ..] || !int.TryParse(token.Value, CultureInfo.InvariantCulture, out var number)) return;
            if (number < 1 || number > most) result.AddError($"{name} must be from 1 to {Text(most)}.");
        });
        return option;
    }

    /// <summary>A time as RFC 3339 has it, or the midnight of a date in UTC; null where it is neither.</summary>
    private static DateTimeOffset? Read(string text) =>
        DateTimeOffset.TryParseExact(text, s_times, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
