using System.CommandLine;
using System.Globalization;
using Gofer.Cli.Configuration;
using Gofer.Cli.Doctor;
using Gofer.Cli.Terminal;
using Spectre.Console;

namespace Gofer.Cli.Commands;

/// <summary><c>doctor</c>: what is wrong here, and what to type.</summary>
internal static class DoctorCommand
{
    public static Command Doctor()
    {
        var command = new Command("doctor", "Look at everything that Gofer needs here, and say the cure of what is not well; 1 where something that is needed is broken.")
            .Example("gofer doctor")
            .Example("gofer doctor -o json", "for a script")
            .Example("gofer doctor --server http://gofer.internal:8080", "only what a client needs");
        command.Takes(SettingTable.Postgres, SettingTable.Scheduler, SettingTable.Data, SettingTable.Listen);
        command.Run(async (context, token) =>
        {
            var findings = await Waiting.ForAsync(context.Error, "looking at everything", () => Examination.RunAsync(context.Settings, token));
            if (context.IsTable) Show(context, findings);
            else context.Print(findings, f => f.Check);
            var (problems, warnings) = (findings.Count(f => f.State == Health.Problem), findings.Count(f => f.State == Health.Warning));
            context.Error.WriteLine((problems, warnings) switch
            {
                (0, 0) => "All is well.",
                (0, _) => $"Nothing that is needed is broken; {Count(warnings, "thing")} to know.",
                _ => $"{Count(problems, "problem")} to mend{(warnings > 0 ? $", {Count(warnings, "thing")} to know" : "")}.",
            });
            return problems == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static void Show(CommandContext context, IReadOnlyList<Finding> findings)
    {
        var console = Consoles.On(context.Out, context);
        var width = findings.Max(f => f.Check.Length);
        foreach (var finding in findings)
        {
            var (colour, word) = finding.State switch
            {
                Health.Ok => ("green", "ok"),
                Health.Warning => ("yellow", "warning"),
                _ => ("red", "problem"),
            };
            console.MarkupLine($"[{colour}]{word,-7}[/]  {finding.Check.PadRight(width)}  {Markup.Escape(finding.Message)}");
            if (finding.Cure is { } cure) console.MarkupLine($"{new string(' ', width + 11)}→ {Markup.Escape(cure)}");
        }
    }

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");
}
