using Gofer.Application.Objects;
using Gofer.Infrastructure.Postgres.Queue;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Objects;

/// <summary>What somebody has to do for objects from time to time: those whose time is over go, and bytes that no object has are deleted.</summary>
internal sealed class ObjectKeeping(NpgsqlDataSource source, ObjectIndex index, IOptions<ObjectOptions> options)
{
    /// <summary>
    /// Those of pipelines that were deleted, and of ended runs that are as many runs (<c>$1</c>) or as long (<c>$2</c>, 0 for ever) ago as they are kept.
    /// </summary>
    private const string Expire =
        """
        with gone as (
            delete from gofer.objects o where
                not exists (select from gofer.pipelines p where p.id = o.pipeline_id and p.deleted_at is null)
                or (o.kind = 'run' and not exists (select from gofer.active_runs a where a.run_id = o.owner)
                    and (exists (select from gofer.pipeline_heads h where h.pipeline_id = o.pipeline_id and h.last_run >= o.run_number + $1)
                        or ($2 > interval '0' and o.updated_at < now() - $2)))
            returning o.blob)
        insert into gofer.object_garbage (blob, due_at) select blob, now() from gone
        """;

    /// <summary>Does what is due.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using (var command = source.CreateCommand(Expire))
        {
            command.Parameters.Add(Sql.P((long)options.Value.KeepRuns));
            command.Parameters.Add(Sql.P(options.Value.KeepFor));
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        while (await index.CollectAsync(cancellationToken))
        {
            // one by one: each is as long as its bytes take
        }
    }
}
