using Gofer.Application.Objects;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Queue;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Objects;

/// <summary>
/// Holds an install to one store of objects: a process that has another would not find what is there, and would call deleted what it cannot see.
/// Another may be chosen while there is nothing in any.
/// </summary>
internal sealed class ObjectHome(NpgsqlDataSource source, IObjectStore store)
{
    /// <summary>Says which store it is where nobody has, and judges it where somebody did.</summary>
    public async Task<Result> CheckAsync(CancellationToken cancellationToken)
    {
        await using (var choose = source.CreateCommand(
            """
            update gofer.install set object_store = $1 where object_store is distinct from $1
                and not exists (select from gofer.objects) and not exists (select from gofer.object_garbage)
            """))
        {
            choose.Parameters.Add(Sql.P(store.Place));
            await choose.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var ask = source.CreateCommand("select object_store from gofer.install");
        var there = (string)(await ask.ExecuteScalarAsync(cancellationToken))!;
        return there == store.Place
            ? Result.Ok
            : Error.Invalid(
                "",
                $"This install keeps its objects in '{there}', and this process is set to '{store.Place}' (objects.store). Give every api and worker the same; another store can be chosen only while there are no objects.");
    }
}
