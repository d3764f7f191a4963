using System.CommandLine;
using System.Globalization;
using Gofer.Cli.Configuration;
using Gofer.Cli.Terminal;
using Gofer.Client;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;
using Gofer.Infrastructure.Postgres.Audit;

namespace Gofer.Cli.Commands;

/// <summary><c>gofer audit</c>: who changed what, and who was refused.</summary>
internal static class AuditCommands
{
    public static Command Audit()
    {
        var noun = new Command("audit", "Who changed what, and who was refused.").Example("gofer audit list --type secret.");
        noun.Subcommands.Add(List());
        noun.Subcommands.Add(Verify());
        return noun;
    }

    private static Command List()
    {
        var command = new Command("list", "List the audit log, newest first, or follow it.")
            .Example("gofer audit list --type access.denied --limit 200")
            .Example("gofer audit list --follow -o jsonl", "for whoever keeps it elsewhere");
        var type = new Option<string?>("--type") { Description = "Only types that begin so, such as 'token.' or 'access.denied'." };
        var about = new Option<string?>("--about") { Description = "Only what was about that namespace.", HelpName = "NAMESPACE" };
        about.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } name && Slug.Complaint(name) is { } complaint) result.AddError($"--about {complaint}");
        });
        var follow = new Option<bool>("--follow", "-f") { Description = "Print entries as they come, until Ctrl-C." };
        var limit = NounCommands.Limit;
        foreach (var option in (Option[])[type, about, follow, limit]) command.Options.Add(option);
        command.Run(async (context, token) =>
        {
            var (wanted, @namespace) = (context.Parsed.GetValue(type), context.Parsed.GetValue(about));
            if (context.Parsed.GetValue(follow)) return await FollowAsync(context, wanted, @namespace, token);
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = await context.Client.Audit.ListAuditAsync(wanted, @namespace, most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(
                items, e => Number(e.Seq), ("seq", e => Number(e.Seq)), ("time", e => Table.Time(e.Time)), ("type", e => e.Type), ("outcome", e => Word(e.Outcome)),
                ("actor", Actor), ("about", About));
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<ExitCode> FollowAsync(CommandContext context, string? type, string? @namespace, CancellationToken token)
    {
        context.DemandLines();
        return await Following.UntilLeftAsync(
            async leave =>
            {
                await foreach (var e in context.Client.Streams.AuditAsync(type, @namespace, leave))
                {
                    if (context.IsTable) context.Out.WriteLine(string.Join("  ", new[] { Number(e.Seq), Table.Time(e.Time), e.Type, Word(e.Outcome), Actor(e), About(e) }.Where(t => !string.IsNullOrEmpty(t))));
                    else context.PrintItem(e);
                }

                return ExitCode.Done;
            },
            () => ExitCode.Done,
            token);
    }

    private static Command Verify()
    {
        var command = new Command("verify", "Read the whole audit log in the database and compute its chain of hashes anew; 1 where something is wrong with it.")
            .Example("gofer audit verify --postgres postgres://gofer@db/gofer")
            .Example("gofer audit verify -o json");
        command.Takes(SettingTable.Postgres);
        var known = new Option<string?>("--known") { Description = "A place and its hash, as this command printed them before, and as each entry has them.", HelpName = "SEQ:HASH" };
        known.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && Known(text) is null) result.AddError($"--known is {Shown.Quoted(text)}; it must be like 1200:3f0e…, a place and 64 hexadecimal digits.");
        });
        command.Options.Add(known);
        command.Run(async (context, token) =>
        {
            var connection = ServerCommands.Connection(context.Settings);
            if (!connection.IsOk) return context.Fail(connection.Error);
            try
            {
                var given = context.Parsed.GetValue(known) is { } text ? Known(text) : null;
                var look = await Waiting.ForAsync(context.Error, "reading the audit log", () => AuditLook.AtAsync(connection.Value, given, newest: null, token));
                if (look is null) return context.Fail(Error.Invalid("", "The database has no audit log. Run 'gofer migrate' with the same --postgres first."));
                if (look.Fault is { } fault) context.Error.WriteLine($"gofer: The audit log is not what was written. {fault}");
                else context.Error.WriteLine($"{Number(look.Sealed)} entries, each as it was sealed. Keep the last one's hash elsewhere, and name it with --known next time.");
                if (context.IsTable && look.Fault is null) context.Out.WriteLine($"{Number(look.Sealed)}:{look.Head}");
                context.PrintAnswer(look, l => $"{Number(l.Sealed)}:{l.Head}");
                return look.Fault is null ? ExitCode.Done : ExitCode.Failed;
            }
            catch (Exception e) when (ServerCommands.IsDatabase(e))
            {
                return context.Fail(ServerCommands.Away(connection.Value, e));
            }
        });
        return command;
    }

    private static (long Seq, string Hash)? Known(string text) =>
        text.Split(':') is [var seq, { Length: 64 } hash] && long.TryParse(seq, NumberStyles.None, CultureInfo.InvariantCulture, out var place) && place > 0 && hash.All(char.IsAsciiHexDigit)
            ? (place, hash)
            : null;

    private static string Word(AuditOutcome outcome) => outcome.ToString().ToLowerInvariant();

    private static string Actor(AuditView e) => (e.Actor, e.ActorName) switch
    {
        ({ } actor, { } name) => $"{actor} ({name})",
        (null, { } name) => name,
        ({ } actor, null) => actor,
        _ => "",
    };

    private static string About(AuditView e) => string.Join('/', new[] { e.Namespace, e.Pipeline, e.Subject }.Where(t => t is not null));

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
