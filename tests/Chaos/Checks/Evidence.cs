using Gofer.Tests.Chaos.Faults;
using Gofer.Tests.Chaos.Install;
using Gofer.Tests.Chaos.Load;
using Npgsql;

namespace Gofer.Tests.Chaos.Checks;

/// <summary>
/// What one pass of the checks looks at: one snapshot of the database, and the journals. What clients had acknowledged is copied before the
/// snapshot, so all of it must be there; what tasks and clients did is read after it, so whatever the snapshot shows must be in them.
/// </summary>
internal sealed class Evidence
{
    /// <summary>Whether everything has come to rest and nothing may be missing any more.</summary>
    public required bool Final { get; init; }

    /// <summary>Counts the passes.</summary>
    public required int Pass { get; init; }

    /// <summary>In the snapshot's transaction.</summary>
    public required NpgsqlConnection Connection { get; init; }

    public required GoferInstall Install { get; init; }

    public required ClientJournal Clients { get; init; }

    public required TaskJournal Journal { get; init; }

    public required Audit Audit { get; init; }

    public required IReadOnlyList<Fault> Faults { get; init; }

    public required IReadOnlyCollection<Acknowledged> Acknowledged { get; init; }

    /// <summary>Every run that there is.</summary>
    public required IReadOnlyList<RunFact> Runs { get; init; }

    /// <summary>Runs that ended since the last pass; in the final one all that ended.</summary>
    public required IReadOnlyList<RunFact> Ended { get; init; }

    /// <summary>The tasks of <see cref="Ended"/>.</summary>
    public required ILookup<Guid, TaskFact> Tasks { get; init; }

    /// <summary>The attempts of those tasks that were followed by another, in their order.</summary>
    public required ILookup<Guid, AttemptFact> Attempts { get; init; }

    /// <summary>The events of <see cref="Ended"/>, in their order.</summary>
    public required ILookup<Guid, EventFact> Events { get; init; }

    public required CancellationToken Stopping { get; init; }
}
