using System.Globalization;
using Gofer.Cli.Commands;
using Gofer.Cli.Configuration;
using Gofer.Cli.Terminal;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Audit;

namespace Gofer.Cli.Doctor;

/// <summary>Whether the audit log is what was written, and whether somebody seals it.</summary>
internal sealed class AuditCheck(Settings settings)
{
    /// <summary>Its name.</summary>
    public const string Name = "audit";

    /// <summary>How long an entry waits for its seal where all is well: two seconds, and what a restart takes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>How many entries are read: what takes a second, and is more than changes come in a day.</summary>
    private const int Newest = 100_000;

    public async Task<Finding> RunAsync(CancellationToken cancellationToken)
    {
        if (settings[SettingTable.Postgres] is not { Length: > 0 } text || ConnectionText.Parse(text) is not { IsOk: true } connection)
        {
            return Finding.Ok(Name, "No database is named whose audit log could be read.");
        }

        try
        {
            var look = await AuditLook.AtAsync(connection.Value, known: null, Newest, cancellationToken);
            if (look is null) return Finding.Ok(Name, "There is no audit log before 'gofer migrate'.");
            if (look.Fault is { } fault) return Finding.Broken(Name, needed: true, $"The audit log is not what was written. {fault}", $"gofer audit verify --postgres {ConnectionText.Redacted(text)}, and compare with a backup");
            var said = look.Read < look.Sealed
                ? string.Create(CultureInfo.InvariantCulture, $"{look.Sealed} entries, the newest {look.Read} as they were sealed; 'gofer audit verify' reads all")
                : string.Create(CultureInfo.InvariantCulture, $"{look.Sealed} entries, each as it was sealed");
            return look.Waiting > Patience
                ? Finding.Warning(Name, $"{said}; one waits for its seal since {Table.Duration(look.Waiting.Value)}: no api seals.", "gofer api, or look into the log of one that runs")
                : Finding.Ok(Name, $"{said}.");
        }
        catch (Exception e) when (ServerCommands.IsDatabase(e))
        {
            return Finding.Ok(Name, "It cannot be read while the database does not answer.");
        }
    }
}
