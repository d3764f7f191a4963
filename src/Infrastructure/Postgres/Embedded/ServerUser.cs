using Gofer.Domain.Common;

namespace Gofer.Infrastructure.Postgres.Embedded;

/// <summary>
/// The user that a server's processes run as: Postgres refuses to run as root, so root steps down to the owner of the data that is
/// there, else to <c>postgres</c>, else to <c>nobody</c>. Everybody else runs it as themselves.
/// </summary>
internal static class ServerUser
{
    /// <summary>The user's name where root steps down, null otherwise; <c>postgres/</c> of the folder then exists and is theirs.</summary>
    public static async Task<Result<string?>> PrepareAsync(DataFolder folder, CancellationToken cancellationToken)
    {
        var exists = Directory.Exists(folder.Postgres);
        if (!Environment.IsPrivilegedProcess)
        {
            DataFolder.CreatePrivate(folder.Postgres);
            return (string?)null;
        }

        var owner = exists ? await OwnerAsync(folder.Postgres, cancellationToken) : "root";
        var user = owner == "root" ? await ChooseAsync(cancellationToken) : owner;
        if (user is null)
        {
            return Refused("Postgres does not run as root, and there is neither a user postgres nor a user nobody to run it as.");
        }

        if (await ClosedParentAsync(folder.Path, user, cancellationToken) is { } closed)
        {
            return Refused(
                $"Postgres does not run as root but as user {user}, who cannot enter {closed}. Name a folder that others may reach with "
                + $"--data or GOFER_DATA (the default is {DataFolder.Default()}), or let them through: chmod o+x {closed}");
        }

        if (owner == "root")
        {
            // -h: whatever stands there, a link is never followed.
            DataFolder.CreatePrivate(folder.Postgres);
            var given = await Tool.RunAsync("chown", ["-h", user, folder.Postgres], null, cancellationToken);
            if (!given.IsOk)
            {
                return Refused($"{folder.Postgres} could not be given to user {user}: {given.Output}");
            }
        }

        return user;
    }

    private static Error Refused(string message) => new(ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable, message);

    private static async Task<string?> ChooseAsync(CancellationToken cancellationToken)
    {
        foreach (var name in new[] { "postgres", "nobody" })
        {
            if ((await Tool.RunAsync("id", ["-u", name], null, cancellationToken)).IsOk)
            {
                return name;
            }
        }

        return null;
    }

    private static async Task<string> OwnerAsync(string path, CancellationToken cancellationToken)
    {
        var listed = await Tool.RunAsync("ls", ["-ld", path], null, cancellationToken);
        return listed.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, var owner, ..] ? owner : "root";
    }

    /// <summary>The first folder from the root on that the user cannot enter: only a process of theirs knows.</summary>
    private static async Task<string?> ClosedParentAsync(string path, string user, CancellationToken cancellationToken)
    {
        var folders = new Stack<string>();
        for (var folder = path; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            folders.Push(folder);
        }

        const string script = """for folder; do [ -x "$folder" ] || { printf '%s' "$folder"; exit 1; }; done""";
        var tried = await Tool.RunAsync("/bin/sh", ["-c", script, "sh", .. folders], user, cancellationToken);
        return tried.IsOk ? null : tried.Output;
    }
}
