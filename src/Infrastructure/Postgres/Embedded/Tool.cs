using System.ComponentModel;
using System.Diagnostics;

namespace Gofer.Infrastructure.Postgres.Embedded;

/// <summary>How a short-lived program ended and what it wrote, standard output before standard error.</summary>
internal sealed record ToolResult(int ExitCode, string Output)
{
    public bool IsOk => ExitCode == 0;
}

/// <summary>Runs the short-lived programs around a Postgres server, as another user if asked, in an environment of their own.</summary>
internal static class Tool
{
    /// <summary>Runs <paramref name="program"/> to its end. A program that cannot be started is a result with code 127, as in a shell.</summary>
    public static async Task<ToolResult> RunAsync(
        string program,
        IEnumerable<string> arguments,
        string? user,
        CancellationToken cancellationToken,
        params (string Name, string Value)[] environment)
    {
        using var process = new Process { StartInfo = Describe(program, arguments, user) };
        foreach (var (name, value) in environment)
        {
            process.StartInfo.Environment[name] = value;
        }

        try
        {
            process.Start();
        }
        catch (Win32Exception refused)
        {
            return new ToolResult(127, $"{program}: {refused.Message}");
        }

        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return new ToolResult(process.ExitCode, $"{await output}{await errors}".Trim());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static ProcessStartInfo Describe(string program, IEnumerable<string> arguments, string? user)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Not ours: a user that root steps down to may not be able to enter it, which initdb refuses.
            WorkingDirectory = "/",
        };
        if (user is not null)
        {
            start.UserName = user;
        }

        // PGDATA, PGPORT, PGOPTIONS and their like belong to some other cluster of this person's.
        foreach (var name in start.Environment.Keys.Where(key => key.StartsWith("PG", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        // Messages are matched and quoted: keep them in one language.
        start.Environment["LC_ALL"] = "C";
        return start;
    }
}
