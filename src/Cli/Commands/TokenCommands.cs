using System.CommandLine;
using System.Globalization;
using Gofer.Cli.Terminal;
using Gofer.Client;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;

namespace Gofer.Cli.Commands;

/// <summary><c>gofer token</c>: what callers show to be let in. A new one is printed once, on stdout and alone, so that it can go where it is kept.</summary>
internal static class TokenCommands
{
    public static Command Token()
    {
        var noun = new Command("token", "What callers show to be let in: made, listed, disabled and revoked.")
            .Example("gofer token create ci --role developer --for team-a --expires 90d > ci.token");
        noun.Subcommands.Add(Bootstrap());
        noun.Subcommands.Add(Create());
        noun.Subcommands.Add(WhoAmI());
        var limit = NounCommands.Limit;
        noun.Add("list", "List tokens, without their texts", "gofer token list", [limit], [], async (context, token) =>
        {
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = await context.Client.Tokens.ListTokensAsync(most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(items, t => t.Id, Columns());
            return ExitCode.Done;
        });
        var got = Id;
        noun.Add("get", "Read what is known of a token but its text", "gofer token get 0123456789abcdef -o json", [], [got], async (context, token) =>
        {
            context.PrintOne(await context.Client.Tokens.GetTokenAsync(context.Parsed.GetValue(got)!, token), t => t.Id, Columns());
            return ExitCode.Done;
        });
        noun.Subcommands.Add(Switch("disable", "Refuse a token until it is enabled again; what it has open ends within seconds", disabled: true));
        noun.Subcommands.Add(Switch("enable", "Let a token in again", disabled: false));
        var (deleted, yes) = (Id, NounCommands.Yes);
        noun.Add("delete", "Revoke a token for good; what it has open ends within seconds", "gofer token delete 0123456789abcdef --yes", [yes], [deleted], async (context, token) =>
        {
            var id = context.Parsed.GetValue(deleted)!;
            if (NounCommands.Confirm(context, yes, $"the token '{id}'") is { } refusal) return refusal;
            await context.Client.Tokens.DeleteTokenAsync(id, token);
            context.Error.WriteLine($"The token '{id}' is revoked.");
            return ExitCode.Done;
        });
        return noun;
    }

    private static Argument<string> Id => new Argument<string>("id") { Description = "The token's id, 16 hexadecimal digits." }
        .Judged(text => TokenText.IsId(text) ? null : TokenText.Parse(text) is { } whole
            ? $"is a whole token, which is nobody's to read here: give its id, {whole.Id}."
            : $"{Shown.Quoted(text)} is no id of a token: those are 16 hexadecimal digits.");

    private static Command Bootstrap()
    {
        var command = new Command("bootstrap", "Make the first token of an install, which may do everything; once, before others reach the server.")
            .Example("gofer token bootstrap > admin.token")
            .Example("gofer token bootstrap | gofer context set prod --token-stdin");
        command.Run(async (context, token) => Say(context, await context.Client.Tokens.BootstrapTokenAsync(token)));
        return command;
    }

    private static Command Create()
    {
        var command = new Command("create", "Make a token; it is printed this once and kept nowhere. It can allow no more than your own.")
            .Example("gofer token create ci --role developer --for team-a --expires 90d > ci.token");
        var name = new Argument<string>("name") { Description = "What it is for, in a word." }.Judged(Slug.Complaint);
        var roles = new Option<string[]>("--role") { Description = "A role of it, such as developer. May be repeated.", HelpName = "ROLE", Required = true };
        var namespaces = new Option<string[]>("--for")
        {
            Description = "A namespace in which its roles hold, or a pattern such as team-*; '*' for all and for what is the install's. May be repeated.",
            HelpName = "NAMESPACE",
            Required = true,
        };
        var life = new Option<string?>("--expires") { Description = "How long it is good; 90d where nothing is said.", HelpName = "DURATION" };
        command.Arguments.Add(name);
        foreach (var option in (Option[])[roles, namespaces, life]) command.Options.Add(option);
        command.Validators.Add(result =>
        {
            foreach (var role in result.GetValue(roles) ?? [])
            {
                if (Slug.Complaint(role) is { } complaint) result.AddError($"--role {complaint}");
            }

            foreach (var pattern in result.GetValue(namespaces) ?? [])
            {
                if (NamespacePattern.Complaint(pattern) is { } complaint) result.AddError($"--for {complaint}");
            }

            if (result.GetValue(life) is { } text && !Duration.TryParse(text, out _)) result.AddError($"--expires is {Shown.Quoted(text)}; it must be a duration such as 12h or 90d.");
        });
        command.Run(async (context, token) => Say(
            context,
            await context.Client.Tokens.CreateTokenAsync(
                new NewTokenBody
                {
                    Name = context.Parsed.GetValue(name)!,
                    Roles = context.Parsed.GetValue(roles)!,
                    Namespaces = context.Parsed.GetValue(namespaces)!,
                    ExpiresIn = context.Parsed.GetValue(life),
                },
                token)));
        return command;
    }

    private static Command WhoAmI()
    {
        var command = new Command("whoami", "Say who you are to the server and what you may do there.").Example("gofer token whoami");
        command.Run(async (context, token) =>
        {
            var who = await context.Client.Tokens.WhoAmIAsync(token);
            if (context.IsTable)
            {
                context.Error.WriteLine(who.Run is { } run
                    ? string.Create(CultureInfo.InvariantCulture, $"You are a task of run {run.Run} of '{run.Pipeline}' in '{run.Namespace}', and may do this of that run alone until it ends:")
                    : who.Identity is { } identity
                    ? $"You are '{identity.Name}' ({identity.Subject} of {identity.Issuer}, good until {Table.Time(identity.ExpiresAt)}), with: "
                        + string.Join("; ", identity.Grants.Select(g => $"{string.Join(", ", g.Roles)} in {string.Join(' ', g.Namespaces)}"))
                    : who.Token is { } shown
                    ? $"You are '{shown.Name}' (token {shown.Id}, good until {Table.Time(shown.ExpiresAt)}), in: {string.Join(' ', shown.Namespaces)}"
                    : "This server asks nobody who they are: whoever reaches it may do everything.");
                context.Print(who.Permissions, p => string.Join(',', p.Resources), RoleCommands.PermissionColumns());
            }

            context.PrintAnswer(who, w => w.Token?.Id ?? w.Identity?.Name ?? "anybody");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Switch(string verb, string help, bool disabled)
    {
        var command = new Command(verb, $"{help}.").Example($"gofer token {verb} 0123456789abcdef");
        var id = Id;
        command.Arguments.Add(id);
        command.Run(async (context, token) =>
        {
            var changed = await context.Client.Tokens.UpdateTokenAsync(context.Parsed.GetValue(id)!, new TokenBody { Disabled = disabled }, token);
            context.Error.WriteLine($"The token '{changed.Name}' ({changed.Id}) is {(disabled ? "disabled" : "enabled")}.");
            context.PrintAnswer(changed, t => t.Id);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>A new token: its text alone on stdout, everything else beside it.</summary>
    private static ExitCode Say(CommandContext context, NewTokenView made)
    {
        context.Error.WriteLine($"The token '{made.Name}' ({made.Id}) is good until {Table.Time(made.ExpiresAt)}, with {string.Join(", ", made.Roles)} in {string.Join(' ', made.Namespaces)}.");
        context.Error.WriteLine("It is shown this once. Keep it where only its holder reads it: in a file named by GOFER_TOKEN_FILE, or by 'gofer context set NAME --token-stdin'.");
        if (context.IsTable) context.Out.WriteLine(made.Token);
        context.PrintAnswer(made, t => t.Token);
        return ExitCode.Done;
    }

    private static (string, Func<TokenView, string?>)[] Columns() =>
    [
        ("id", t => t.Id), ("name", t => t.Name), ("roles", t => string.Join(' ', t.Roles)), ("for", t => string.Join(' ', t.Namespaces)),
        ("state", t => t.Disabled ? "disabled" : ""), ("expires", t => Table.Time(t.ExpiresAt)), ("last used", t => t.LastUsedAt is { } used ? Table.Time(used) : "never"),
    ];
}
