using System.Net;
using Gofer.Domain.Audit;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Postgres.Audit;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Engine;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Gofer.Tests.Integration.Audit;

/// <summary>The log in the database: what it lets nobody do, and what is found of whoever does it all the same.</summary>
public sealed class AuditLogTests : IAsyncLifetime
{
    private GoferServer _server = null!;
    private NpgsqlDataSource _source = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = new GoferServer { Works = false };
        await _server.InitializeAsync();
        _source = NpgsqlDataSource.Create(_server.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _server.DisposeAsync();
    }

    /// <summary>A change whose entry cannot be written is none; the log here takes no entry of that type.</summary>
    [Theory]
    [InlineData(AuditTypes.RoleCreated, "/api/v1/roles/r", """{"permissions":[]}""")]
    [InlineData(AuditTypes.SecretWritten, "/api/v1/namespaces/default/secrets/k", """{"value":"correct horse"}""")]
    [InlineData(AuditTypes.NamespaceCreated, "/api/v1/namespaces/n", "{}")]
    [InlineData(AuditTypes.VersionRegistered, "/api/v1/namespaces/default/pipelines/p", """{"id":"p","tasks":[{"id":"t","image":"i","command":["true"]}]}""")]
    public async Task A_change_and_its_entry_are_one_transaction(string type, string path, string body)
    {
        await ExecuteAsync($"alter table gofer.audit add constraint nothing_of_it check (type <> '{type}')");
        using var http = _server.Http();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var put = await http.PutAsync(new Uri(path, UriKind.Relative), content, Ct);
        Assert.Equal(HttpStatusCode.InternalServerError, put.StatusCode);
        using var got = await http.GetAsync(new Uri(path, UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotFound, got.StatusCode);
    }

    [Theory]
    [InlineData("update gofer.audit set actor = 'nobody'")]
    [InlineData("delete from gofer.audit")]
    [InlineData("truncate gofer.audit")]
    [InlineData("update gofer.audit_seals set entry = 1")]
    [InlineData("delete from gofer.audit_seals")]
    [InlineData("truncate gofer.audit_seals")]
    public async Task The_database_lets_nobody_change_an_entry_or_a_seal(string statement)
    {
        await FillAsync(1);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(statement));
        Assert.Contains("append-only", refused.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Entries_of_many_writers_that_many_seal_are_each_sealed_once_in_one_chain()
    {
        var log = new AuditLog(_source);
        var writers = Enumerable.Range(0, 8).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                await using var connection = await _source.OpenConnectionAsync(Ct);
                await using var transaction = await connection.BeginTransactionAsync(Ct);
                await AuditLog.AddAsync(connection, transaction, new AuditEntry { Type = AuditTypes.RoleUpdated, Subject = $"{w}-{i}" }, Ct);
                // Of every fifth nothing is left but its id, so ids have gaps, and come late.
                if (i % 5 != 0) await transaction.CommitAsync(Ct);
            }
        }, Ct)).ToList();
        var sealing = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!writers.TrueForAll(w => w.IsCompleted)) await log.SealAsync(Ct);
        }, Ct));
        await Task.WhenAll([.. writers, .. sealing]);
        await log.SealAsync(Ct);

        Assert.Equal(320L, await ScalarAsync("select count(distinct subject) from gofer.audit_log where type = 'role.updated'"));
        var look = await LookAsync();
        Assert.Equal((320L, null, null), (look.Sealed, look.Fault, look.Waiting));
        Assert.Equal(0L, await ScalarAsync("select count(*) from gofer.audit_open"));
    }

    [Theory]
    [InlineData("update gofer.audit set actor = 'nobody' where subject = 's3'", "at place 4")]
    [InlineData("update gofer.audit set at = at + interval '1 microsecond' where subject = 's3'", "at place 4")]
    [InlineData("update gofer.audit set data = '{ }' where subject = 's3'", "at place 4")]
    [InlineData("update gofer.audit set subject = case subject when 's3' then 's4' else 's3' end where subject in ('s3', 's4')", "at place 4")]
    [InlineData("delete from gofer.audit where subject = 's3'", "at place 4 was deleted")]
    [InlineData("delete from gofer.audit_seals where seq = 4", "at place 4 is missing")]
    [InlineData("update gofer.audit_seals set hash = sha256(hash) where seq = 4", "at place 4")]
    [InlineData("delete from gofer.audit_seals where seq = 8", "1 of its entries have no seal")]
    [InlineData("insert into gofer.audit (type, outcome, data) values ('role.updated', 'done', '{}'); delete from gofer.audit_open", "1 of its entries have no seal")]
    public async Task Whoever_changes_the_log_all_the_same_is_found_out(string statement, string found)
    {
        await FillAsync(8);
        var (_, head) = (await LookAsync()) switch { { Fault: null } good => (good.Sealed, good.Head), var bad => throw new InvalidOperationException(bad.Fault) };
        Assert.Equal(64, head.Length);
        await ExecuteAsync($"set session_replication_role = replica; {statement}; set session_replication_role = origin");
        Assert.Contains(found, (await LookAsync()).Fault, StringComparison.Ordinal);
        // Who reads the newest alone finds it as well where it is among them.
        Assert.NotNull((await AuditLook.AtAsync(_server.ConnectionString, known: null, newest: 6, Ct))!.Fault);
    }

    /// <summary>The end of a chain can be cut off and written anew by whoever has the database; a hash that is kept elsewhere tells.</summary>
    [Fact]
    public async Task A_log_that_was_cut_and_written_on_is_found_out_by_a_hash_that_somebody_kept()
    {
        await FillAsync(8);
        var before = await LookAsync();
        await ExecuteAsync("set session_replication_role = replica; delete from gofer.audit_seals where seq > 6; delete from gofer.audit where subject in ('s6', 's7'); set session_replication_role = origin");
        Assert.Null((await LookAsync()).Fault);
        Assert.Contains("taken off its end", (await LookAsync((before.Sealed, before.Head))).Fault, StringComparison.Ordinal);
        await FillAsync(4);
        Assert.Null((await LookAsync()).Fault);
        Assert.Contains("written anew", (await LookAsync((before.Sealed, before.Head))).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trigger_that_is_switched_off_or_gone_is_missed()
    {
        await FillAsync(1);
        await ExecuteAsync("alter table gofer.audit disable trigger audit_append_only");
        Assert.Contains("audit_append_only", (await LookAsync()).Fault, StringComparison.Ordinal);
        await ExecuteAsync("alter table gofer.audit enable trigger audit_append_only; drop trigger audit_opens on gofer.audit");
        Assert.Contains("audit_opens", (await LookAsync()).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_waits_for_its_seal_is_told_by_its_age()
    {
        await using (var connection = await _source.OpenConnectionAsync(Ct))
        {
            // Holds back every server that seals.
            await using var transaction = await connection.BeginTransactionAsync(Ct);
            await using var hold = new NpgsqlCommand("select pg_advisory_xact_lock(hashtext('gofer.audit'))", connection, transaction);
            await hold.ExecuteNonQueryAsync(Ct);
            await ExecuteAsync("insert into gofer.audit (type, outcome, data, at) values ('role.updated', 'done', '{}', now() - interval '5 minutes')");
            var look = await LookAsync();
            Assert.Equal((0L, null), (look.Sealed, look.Fault));
            Assert.InRange(look.Waiting!.Value, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(6));
        }
    }

    private async Task FillAsync(int count)
    {
        await using (var connection = await _source.OpenConnectionAsync(Ct))
        {
            for (var i = 0; i < count; i++)
            {
                await AuditLog.AddAsync(connection, transaction: null, new AuditEntry { Type = AuditTypes.RoleUpdated, Actor = "somebody", Subject = $"s{i}" }, Ct);
                while (await new AuditLog(_source).SealAsync(Ct) == 0 && await ScalarAsync("select count(*) from gofer.audit_open") is > 0L) await Task.Yield();
            }
        }
    }

    private async Task<AuditLook> LookAsync((long, string)? known = null) => (await AuditLook.AtAsync(_server.ConnectionString, known, newest: null, Ct))!;

    private async Task ExecuteAsync(string statement)
    {
        await using var command = _source.CreateCommand(statement);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private async Task<long> ScalarAsync(string query)
    {
        await using var command = _source.CreateCommand(query);
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }
}
