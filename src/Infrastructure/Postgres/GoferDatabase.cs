using Gofer.Application.Schedulers;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Objects;
using Gofer.Infrastructure.Postgres.Secrets;
using Npgsql;

namespace Gofer.Infrastructure.Postgres;

/// <summary>The database as a program of ours finds it at its start: reachable, of the right schema, its clock read, its install known.</summary>
public sealed class GoferDatabase : IInstall
{
    private readonly NpgsqlDataSource _source;
    private readonly Schema _schema;
    private readonly DatabaseClock _clock;
    private readonly Partitions _partitions;
    private readonly KeyProofs? _keys;
    private readonly ObjectHome? _objects;
    private Guid? _install;
    private volatile bool _isOpen;

    /// <summary>Without <paramref name="keys"/> the program has no use for secrets, without <paramref name="objects"/> none for objects.</summary>
    internal GoferDatabase(NpgsqlDataSource source, Schema schema, DatabaseClock clock, Partitions partitions, KeyProofs? keys, ObjectHome? objects) =>
        (_source, _schema, _clock, _partitions, _keys, _objects) = (source, schema, clock, partitions, keys, objects);

    /// <summary>
    /// Identifies the install: every container of ours carries it, so nobody touches another install's. Known after
    /// <see cref="OpenAsync"/>.
    /// </summary>
    public Guid Install => _install ?? throw new InvalidOperationException("The database was not opened yet.");

    Guid IInstall.Id => Install;

    IReadOnlyDictionary<string, string> IInstall.Labels { get; } = new Dictionary<string, string>();

    /// <summary>Whether <see cref="OpenAsync"/> came to its end.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>
    /// Reads what the program needs before it starts; with <paramref name="migrate"/> the schema is brought up to date first. The error
    /// says what to do where the schema does not fit.
    /// </summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async Task<Result> OpenAsync(bool migrate, CancellationToken cancellationToken)
    {
        if (migrate) await _schema.MigrateAsync(cancellationToken);
        var fits = await _schema.CheckAsync(cancellationToken);
        if (!fits.IsOk) return fits;

        await _clock.SynchroniseAsync(_source, cancellationToken);
        await using var command = _source.CreateCommand("select id from gofer.install");
        var install = (Guid)(await command.ExecuteScalarAsync(cancellationToken))!;
        if (_keys is not null && await _keys.CheckAsync(install, cancellationToken) is { Error: { } refused }) return refused;
        if (_objects is not null && await _objects.CheckAsync(cancellationToken) is { Error: { } elsewhere }) return elsewhere;
        _install = install;
        _isOpen = true;
        return Result.Ok;
    }

    /// <summary>Null where the database is fit for work; else, in words, that its schema does not fit or its partitions end within two days.</summary>
    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async Task<string?> ComplaintAsync(CancellationToken cancellationToken)
    {
        var fits = await _schema.CheckAsync(cancellationToken);
        if (!fits.IsOk) return fits.Error.Message;
        var until = await _partitions.AheadUntilAsync(cancellationToken);
        return until < _clock.GetUtcNow().AddDays(2) || until is null
            ? "The history tables have partitions for less than 2 days ahead: run 'gofer migrate', and see why no worker makes them."
            : null;
    }
}
