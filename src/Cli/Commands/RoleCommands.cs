using System.CommandLine;
using Gofer.Client;
using Gofer.Domain.Access;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;
using Permission = Gofer.Client.Permission;

namespace Gofer.Cli.Commands;

/// <summary><c>gofer role</c>: what tokens allow.</summary>
internal static class RoleCommands
{
    public static Command Role()
    {
        var noun = new Command("role", "What tokens allow: admin, developer, operator and viewer, and what you make.")
            .Example("gofer role set deployer --allow 'pipelines:read,operate:team-*'");
        var limit = NounCommands.Limit;
        noun.Add("list", "List roles, the built-in ones among them", "gofer role list", [limit], [], async (context, token) =>
        {
            var items = await context.ListAsync(context.Parsed.GetValue(limit), async (most, cursor) =>
            {
                var page = await context.Client.Roles.ListRolesAsync(most, cursor, token);
                return (page.Items, page.NextCursor);
            });
            context.Print(items, r => r.Id, ("id", r => r.Id), ("built in", r => r.BuiltIn ? "yes" : ""), ("allows", r => string.Join("  ", r.Permissions.Select(Text))), ("description", r => r.Description));
            return ExitCode.Done;
        });
        var got = Name;
        noun.Add("get", "Read a role", "gofer role get developer", [], [got], async (context, token) =>
        {
            var role = await context.Client.Roles.GetRoleAsync(context.Parsed.GetValue(got)!, token);
            if (context.IsTable) context.Print(role.Permissions, p => string.Join(',', p.Resources), PermissionColumns());
            context.PrintAnswer(role, r => r.Id);
            return ExitCode.Done;
        });
        noun.Subcommands.Add(Set());
        var (deleted, yes) = (Name, NounCommands.Yes);
        noun.Add("delete", "Delete a role that no token has", "gofer role delete deployer --yes", [yes], [deleted], async (context, token) =>
        {
            var name = context.Parsed.GetValue(deleted)!;
            if (NounCommands.Confirm(context, yes, $"the role '{name}'") is { } refusal) return refusal;
            await context.Client.Roles.DeleteRoleAsync(name, token);
            context.Error.WriteLine($"The role '{name}' is deleted.");
            return ExitCode.Done;
        });
        return noun;
    }

    /// <summary>How permissions are shown in a table.</summary>
    internal static (string, Func<Permission, string?>)[] PermissionColumns() =>
        [("actions", p => string.Join(' ', p.Actions)), ("on", p => string.Join(' ', p.Resources)), ("in", p => string.Join(' ', p.Namespaces))];

    private static Argument<string> Name => new Argument<string>("role") { Description = "The role." }.Judged(Slug.Complaint);

    private static Command Set()
    {
        var command = new Command("set", "Make a role, or replace what it allows. It can allow no more than your own token does.")
            .Example("gofer role set deployer --allow 'pipelines:read,operate:team-*'")
            .Example("gofer role set starter --allow 'runs:read,operate:*' --allow 'logs:read:*'");
        var name = Name;
        var allowed = new Option<string[]>("--allow")
        {
            Description = "RESOURCES:ACTIONS:NAMESPACES, each a list with commas, or '*' for all; namespaces may be patterns. May be repeated.",
            HelpName = "PERMISSION",
            Required = true,
        };
        var description = SettingCommands.Describing;
        command.Arguments.Add(name);
        command.Options.Add(allowed);
        command.Options.Add(description);
        command.Validators.Add(result =>
        {
            foreach (var text in result.GetValue(allowed) ?? [])
            {
                if (Complaint(text) is { } complaint) result.AddError($"--allow {complaint}");
            }
        });
        command.Run(async (context, token) =>
        {
            var body = new RoleBody { Description = context.Parsed.GetValue(description), Permissions = [.. context.Parsed.GetValue(allowed)!.Select(Read)] };
            var role = await context.Client.Roles.PutRoleAsync(context.Parsed.GetValue(name)!, body, token);
            context.Error.WriteLine($"The role '{role.Id}' is set. Tokens that have it allow this within seconds.");
            if (context.IsTable) context.Print(role.Permissions, p => string.Join(',', p.Resources), PermissionColumns());
            context.PrintAnswer(role, r => r.Id);
            return ExitCode.Done;
        });
        return command;
    }

    private static Permission Read(string text) => text.Split(':') is var parts && parts.Length == 3
        ? new Permission { Resources = parts[0].Split(','), Actions = parts[1].Split(','), Namespaces = parts[2].Split(',') }
        : throw new ArgumentException("The validator let it in.", nameof(text));

    private static string Text(Permission permission) =>
        $"{string.Join(',', permission.Resources)}:{string.Join(',', permission.Actions)}:{string.Join(',', permission.Namespaces)}";

    /// <summary>What is wrong with a permission as it is typed; null where it is good.</summary>
    private static string? Complaint(string text)
    {
        if (text.Split(':') is not [var resources, var actions, var namespaces]) return $"is {Shown.Quoted(text)}; it must be like 'runs:read,operate:team-*'.";
        return Among(resources, AccessWords.Resources) ?? Among(actions, AccessWords.Actions)
            ?? namespaces.Split(',').Select(NamespacePattern.Complaint).FirstOrDefault(c => c is not null);
    }

    private static string? Among(string list, IReadOnlyCollection<string> known) => list.Split(',').FirstOrDefault(w => w != AccessWords.All && !known.Contains(w)) is { } wrong
        ? $"names {Shown.Quoted(wrong)}; there are {string.Join(", ", known)}, and '*' for all.{(Nearest.Of(wrong, known) is { } near ? $" Did you mean '{near}'?" : "")}"
        : null;
}
