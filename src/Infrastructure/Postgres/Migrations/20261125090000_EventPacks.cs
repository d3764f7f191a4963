using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Gofer.Infrastructure.Postgres.Migrations;

/// <summary>
/// Events as they are written: one row for all that a transaction says of a run, so that what a task goes through costs one index entry and
/// not four. <c>gofer.run_events</c> shows them one by one, as before. And the guards of terminal rows are asked about terminal rows alone.
/// </summary>
[DbContext(typeof(GoferDbContext))]
[Migration("20261125090000_EventPacks")]
public sealed class EventPacks : Migration
{
    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(Sql);

    private const string Sql = """
        create table gofer.event_packs (
            run_id uuid not null,
            last_seq integer not null,
            first_seq integer not null check (first_seq > 0),
            at timestamptz not null,
            -- a JSON array of events: [type, task, attempt, data, at], of which nulls at the end are left out; kept as it was written
            items text not null,
            primary key (run_id, last_seq),
            check (last_seq >= first_seq)
        ) partition by range (run_id);

        do $$
        declare part record;
        begin
            for part in
                select c.relname, pg_get_expr(c.relpartbound, c.oid) as bound from pg_inherits i join pg_class c on c.oid = i.inhrelid
                where i.inhparent = 'gofer.run_events'::regclass
            loop
                execute format('create table gofer.%I partition of gofer.event_packs %s', replace(part.relname, 'run_events', 'event_packs'), part.bound);
            end loop;
        end $$;

        insert into gofer.event_packs (run_id, last_seq, first_seq, at, items)
        select run_id, seq, seq, at, jsonb_build_array(jsonb_build_array(type, task, attempt, data))::text from gofer.run_events;

        drop table gofer.run_events;

        -- last_seq is the pack's: a condition on it is one on the index
        create view gofer.run_events as
        select p.run_id, p.last_seq, (p.first_seq + i.place - 1)::integer as seq, i.item ->> 0 as type, coalesce((i.item ->> 4)::timestamptz, p.at) as at,
            (i.item ->> 1)::integer as task, (i.item ->> 2)::integer as attempt, coalesce(nullif(i.item -> 3, 'null'), '{}') as data
        from gofer.event_packs p cross join lateral jsonb_array_elements(p.items::jsonb) with ordinality as i (item, place);

        -- the second line of defence of a write that was decided under locks
        create function gofer.demand(touched bigint, wanted bigint) returns boolean language plpgsql as $$
        begin
            if touched <> wanted then
                raise exception 'a write of the engine touched % rows in place of %: a rule of locking was broken', touched, wanted
                    using errcode = 'integrity_constraint_violation';
            end if;
            return true;
        end $$;

        drop trigger runs_terminal on gofer.runs;
        drop trigger task_executions_terminal on gofer.task_executions;
        create trigger runs_terminal before update on gofer.runs
            for each row when (old.ended_at is not null) execute function gofer.refuse_change_of_terminal();
        create trigger task_executions_terminal before update on gofer.task_executions
            for each row when (old.ended_at is not null) execute function gofer.refuse_change_of_terminal();
        """;
}
