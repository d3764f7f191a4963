using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Gofer.Cli.Terminal;
using Gofer.Client;

namespace Gofer.Cli.Commands;

/// <summary><c>rerun</c> and <c>explain</c>: what to do with a run that went wrong, and why it did.</summary>
internal static class RerunCommands
{
    public static Command Rerun()
    {
        var (pipeline, run) = (Names.Pipeline, Names.RunOrLatest);
        var version = new Option<string?>("--version") { Description = "The version: same (the run's own), live, or a number; same where none is given." };
        version.Validators.Add(given =>
        {
            if (given.GetValueOrDefault<string?>() is { } text && text is not ("same" or "live") && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                given.AddError($"--version is {Domain.Common.Shown.Quoted(text)}; it must be same, live or a number.");
            }
        });
        var from = new Option<string?>("--from") { Description = "start, or failed: what succeeded counts without being run again; start where none is given." };
        from.MustBeOneOf("start", "failed");
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be run." };
        var key = new Option<string?>("--idempotency-key") { Description = "Repeating the command with the same key makes no second run." };
        var follow = new Option<bool>("--follow", "-f") { Description = "Follow the run to its end; the exit code is 5 where it failed, 6 where it was cancelled." };
        var command = new Command("rerun", "Run a run again with its parameters, variables, labels and priority.").Example("gofer rerun nightly 17 --from failed --follow");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(run);
        foreach (var option in (Option[])[version, from, dryRun, key, follow]) command.Options.Add(option);
        command.Run(async (context, token) =>
        {
            if (context.Parsed.GetValue(follow)) context.DemandLines();
            var (name, number) = (context.Parsed.GetValue(pipeline)!, context.Parsed.GetValue(run)!);
            var body = new RerunBody { Version = Version(context.Parsed.GetValue(version)), From = context.Parsed.GetValue(from) };
            if (context.Parsed.GetValue(dryRun)) return Show(context, await context.Client.PlanRerunAsync(context.Namespace, name, number, body, token));
            var created = await context.Client.Runs.RerunRunAsync(context.Namespace, name, number, body, null, context.Parsed.GetValue(key), token);
            return context.Parsed.GetValue(follow)
                ? await Following.FollowAsync(context, name, created, token)
                : Created(context, name, created);
        });
        return command;
    }

    public static Command Explain()
    {
        var (pipeline, run) = (Names.Pipeline, Names.RunOrLatest);
        var command = new Command("explain", "Say why a run is where it is: what it waits for and who has that, what failed, what was skipped.").Example("gofer explain nightly 17");
        command.Arguments.Add(pipeline);
        command.Arguments.Add(run);
        command.Run(async (context, token) =>
        {
            var whys = await context.Client.Runs.ExplainRunAsync(context.Namespace, context.Parsed.GetValue(pipeline)!, context.Parsed.GetValue(run)!, token);
            context.Print(
                whys.Items, w => w.Task ?? "(run)",
                ("task", w => w.Task ?? "(run)"), ("about", w => w.About), ("code", w => w.Code),
                ("limit", w => w.Limit is { } limit ? string.Create(CultureInfo.InvariantCulture, $"{limit.Name} {limit.Value}") : null),
                ("held by", w => string.Join(", ", w.HeldBy.Select(h => string.Create(CultureInfo.InvariantCulture, $"{h.Pipeline}/{h.Run}")))),
                ("message", w => w.Message));
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Prints a run that was just made, and how to follow it.</summary>
    public static ExitCode Created(CommandContext context, string pipeline, RunView run)
    {
        context.PrintOne(
            run, r => r.Number.ToString(CultureInfo.InvariantCulture),
            ("run", r => r.Number.ToString(CultureInfo.InvariantCulture)), ("state", r => r.State.ToString().ToLowerInvariant()),
            ("version", r => r.Version.ToString(CultureInfo.InvariantCulture)));
        context.Error.WriteLine($"Follow it with: gofer logs {pipeline} {run.Number} -f{context.Flags}");
        return ExitCode.Done;
    }

    private static ExitCode Show(CommandContext context, RerunPlanView plan)
    {
        if (context.Parsed.GetValue(GlobalOptions.Output) == "json") context.PrintOne(plan, p => p.Run.ToString(CultureInfo.InvariantCulture));
        else context.Print(plan.Tasks, t => t.Task, ("task", t => t.Task), ("action", t => t.Action), ("why", t => t.Why));
        context.Error.WriteLine(
            $"Run {plan.Run} would be repeated with version {plan.Version}: {plan.Tasks.Count(t => t.Action == "run")} of {plan.Tasks.Count} tasks would run. Nothing was started.");
        return ExitCode.Done;
    }

    private static JsonElement? Version(string? text) => text switch
    {
        null => null,
        _ when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => JsonSerializer.SerializeToElement(number),
        _ => JsonSerializer.SerializeToElement(text),
    };
}
