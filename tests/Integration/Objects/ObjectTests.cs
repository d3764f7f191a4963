using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Gofer.Application.Objects;
using Gofer.Client;
using Gofer.Infrastructure.Postgres.Objects;
using Gofer.Tests.Integration.Api;
using Gofer.Tests.Integration.Serving;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Objects;

/// <summary>Objects by REST: bytes go in and come out as they were, whole or not at all.</summary>
public sealed class ObjectTests(GoferServer server) : AreaTest(server)
{
    private static readonly byte[] s_bytes = RandomNumberGenerator.GetBytes(300_000);

    private ObjectOwner Pipeline => new(Area.Name, "p");

    [Fact]
    public async Task An_object_is_made_replaced_listed_read_and_deleted()
    {
        var run = await ReadyAsync();
        var latest = await SendAsync(HttpMethod.Put, "pipelines/p/runs/latest/objects/l", [1]);
        Assert.Equal($"{Area.Path}/pipelines/p/runs/{run}/objects/l", latest.Headers.Location!.ToString());
        Assert.Equal(HttpStatusCode.NoContent, (await Area.SendAsync(HttpMethod.Delete, $"pipelines/p/runs/{run}/objects/l")).Status);
        foreach (var path in new[] { "pipelines/p/objects", $"pipelines/p/runs/{run}/objects" })
        {
            var made = await SendAsync(HttpMethod.Put, $"{path}/site", s_bytes);
            Assert.Equal((HttpStatusCode.Created, $"{Area.Path}/{path}/site"), (made.StatusCode, made.Headers.Location!.ToString()));
            Assert.Equal(Tag(s_bytes), made.Headers.ETag!.Tag);
            var replaced = await SendAsync(HttpMethod.Put, $"{path}/site", s_bytes[..7]);
            Assert.Equal((HttpStatusCode.OK, Tag(s_bytes[..7])), (replaced.StatusCode, replaced.Headers.ETag!.Tag));
            await SendAsync(HttpMethod.Put, $"{path}/b", []);
            var list = await Area.SendAsync(HttpMethod.Get, $"{path}?limit=1");
            Assert.Equal(("b", 0), (list.Json.GetProperty("items")[0].GetProperty("key").GetString(), list.Json.GetProperty("items")[0].GetProperty("size").GetInt32()));
            var rest = await Area.SendAsync(HttpMethod.Get, $"{path}?cursor={list.Json.GetProperty("next_cursor").GetString()}");
            Assert.Equal($"\"{rest.Json.GetProperty("items")[0].GetProperty("sha256").GetString()}\"", Tag(s_bytes[..7]));
            Assert.Equal(s_bytes[..7], await (await SendAsync(HttpMethod.Get, $"{path}/site")).Content.ReadAsByteArrayAsync(Ct));
            Assert.Empty(await (await SendAsync(HttpMethod.Get, $"{path}/b")).Content.ReadAsByteArrayAsync(Ct));
            Assert.Equal(HttpStatusCode.NoContent, (await Area.SendAsync(HttpMethod.Delete, $"{path}/site")).Status);
            Assert.Equal("object_not_found", (await Area.SendAsync(HttpMethod.Get, $"{path}/site")).Json.GetProperty("code").GetString());
            Assert.Equal(HttpStatusCode.NotFound, (await Area.SendAsync(HttpMethod.Delete, $"{path}/site")).Status);
        }
    }

    [Fact]
    public async Task Bytes_are_answered_whole_in_part_and_not_at_all_where_the_caller_has_them()
    {
        await ReadyAsync();
        await Area.Client.Bytes.PutAsync(Pipeline, "x", new MemoryStream(s_bytes), cancellationToken: Ct);
        const string Path = "pipelines/p/objects/x";
        var whole = await SendAsync(HttpMethod.Get, Path);
        Assert.Equal(s_bytes, await whole.Content.ReadAsByteArrayAsync(Ct));
        Assert.Equal(("application/octet-stream", "attachment", "nosniff", "sandbox; default-src 'none'; frame-ancestors 'none'"), (
            whole.Content.Headers.ContentType!.MediaType, whole.Content.Headers.ContentDisposition!.DispositionType, whole.Headers.GetValues("X-Content-Type-Options").Single(),
            whole.Headers.GetValues("Content-Security-Policy").Single()));

        var head = await SendAsync(HttpMethod.Head, Path);
        Assert.Equal((HttpStatusCode.OK, (long?)s_bytes.Length, Tag(s_bytes)), (head.StatusCode, head.Content.Headers.ContentLength, head.Headers.ETag!.Tag));
        Assert.Equal(whole.Content.Headers.ToString(), head.Content.Headers.ToString());
        Assert.Equal(HttpStatusCode.NotModified, (await SendAsync(HttpMethod.Head, Path, change: r => r.Headers.IfNoneMatch.ParseAdd(Tag(s_bytes)))).StatusCode);

        var part = await SendAsync(HttpMethod.Get, Path, change: r => r.Headers.Range = new RangeHeaderValue(299_000, 299_009));
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(s_bytes[299_000..299_010], await part.Content.ReadAsByteArrayAsync(Ct));
        using (var from = await Area.Client.Bytes.GetAsync(Pipeline, "x", from: 299_990, Ct))
        {
            Assert.Equal((10L, Tag(s_bytes).Trim('"')), (from.Length, from.Sha256));
        }

        var behind = await SendAsync(HttpMethod.Get, Path, change: r => r.Headers.Range = new RangeHeaderValue(300_000, null));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, behind.StatusCode);
        Assert.Equal(HttpStatusCode.NotModified, (await SendAsync(HttpMethod.Get, Path, change: r => r.Headers.IfNoneMatch.ParseAdd(Tag(s_bytes)))).StatusCode);
    }

    [Fact]
    public async Task What_a_caller_demands_of_the_object_that_is_there_holds_or_nothing_changes()
    {
        await ReadyAsync();
        const string Path = "pipelines/p/objects/x";
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await SendAsync(HttpMethod.Put, Path, [1], r => r.Headers.IfMatch.ParseAdd("\"0\""))).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(HttpMethod.Put, Path, [1], r => r.Headers.IfNoneMatch.ParseAdd("*"))).StatusCode);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await SendAsync(HttpMethod.Put, Path, [2], r => r.Headers.IfNoneMatch.ParseAdd("*"))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(HttpMethod.Put, Path, [2], r => r.Headers.IfNoneMatch.ParseAdd("\"x\""))).StatusCode);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await SendAsync(HttpMethod.Delete, Path, change: r => r.Headers.IfMatch.ParseAdd(Tag([2])))).StatusCode);
        Assert.Equal([1], await (await SendAsync(HttpMethod.Get, Path)).Content.ReadAsByteArrayAsync(Ct));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Put, Path, [2], r => r.Headers.IfMatch.ParseAdd(Tag([1])))).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Delete, Path, change: r => r.Headers.IfMatch.ParseAdd(Tag([2])))).StatusCode);
    }

    [Fact]
    public async Task Of_many_who_make_an_object_where_there_is_none_one_does()
    {
        await ReadyAsync();
        foreach (var round in Enumerable.Range(0, 5))
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => SendAsync(HttpMethod.Put, $"pipelines/p/objects/x{round}", [(byte)i], r => r.Headers.IfNoneMatch.ParseAdd("*"))));
            Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Created);
            Assert.Equal(11, answers.Count(a => a.StatusCode == HttpStatusCode.PreconditionFailed));
        }
    }

    [Fact]
    public async Task What_is_not_there_is_named_from_the_outside_in()
    {
        var run = await ReadyAsync();
        await SendAsync(HttpMethod.Put, "pipelines/p/objects/report", [1]);
        foreach (var (path, code, said) in new[]
        {
            ("pipelines/q/objects/x", "pipeline_not_found", "No pipeline 'q'"), ($"pipelines/p/runs/{run + 1}/objects/x", "run_not_found", "has no run"),
            ("pipelines/p/objects/reprot", "object_not_found", "No pipeline object 'reprot'. Did you mean 'report'?"), ($"pipelines/p/runs/{run}/objects/report", "object_not_found", "No run object 'report'."),
        })
        {
            var answer = await Area.SendAsync(HttpMethod.Get, path);
            Assert.Equal((HttpStatusCode.NotFound, code), (answer.Status, answer.Json.GetProperty("code").GetString()));
            Assert.Contains(said, answer.Json.GetProperty("title").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await SendAsync(HttpMethod.Put, "pipelines/p/objects/a.b", [1])).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Put, "pipelines/q/objects/x", [1])).StatusCode);
    }

    [Fact]
    public async Task Writers_at_once_leave_one_whole_object_and_readers_of_what_was_replaced_read_it_to_its_end()
    {
        await ReadyAsync();
        var first = RandomNumberGenerator.GetBytes(5_000_000);
        await Area.Client.Bytes.PutAsync(Pipeline, "x", new MemoryStream(first), cancellationToken: Ct);
        using var reader = await Area.Client.Bytes.GetAsync(Pipeline, "x", cancellationToken: Ct);
        Assert.Equal(first[0], reader.Stream.ReadByte());

        var contents = Enumerable.Range(0, 8).Select(_ => RandomNumberGenerator.GetBytes(3_000_000)).ToList();
        var put = await Task.WhenAll(contents.Select(c => Area.Client.Bytes.PutAsync(Pipeline, "x", new MemoryStream(c), cancellationToken: Ct)));
        Assert.Equal(contents.Select(c => Tag(c).Trim('"')), put.Select(p => p.Sha256));
        var found = await (await SendAsync(HttpMethod.Get, "pipelines/p/objects/x")).Content.ReadAsByteArrayAsync(Ct);
        Assert.Single(contents, c => c.AsSpan().SequenceEqual(found));

        using var rest = new MemoryStream();
        await reader.Stream.CopyToAsync(rest, Ct);
        Assert.Equal(first[1..], rest.ToArray());
    }

    [Fact]
    public async Task An_upload_that_is_cut_leaves_nothing()
    {
        await ReadyAsync();
        await using var source = NpgsqlDataSource.Create(Server.ConnectionString);
        foreach (var headers in new[] { "Content-Length: 8000000", "Transfer-Encoding: chunked" })
        {
            var (mark, blob) = (RandomNumberGenerator.GetBytes(32), (Guid?)null);
            using (var client = new TcpClient())
            {
                await client.ConnectAsync(Server.Url.Host, Server.Url.Port, Ct);
                var stream = client.GetStream();
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"PUT {Area.Path}/pipelines/p/objects/cut HTTP/1.1\r\nHost: {Server.Url.Authority}\r\n{headers}\r\n\r\n"), Ct);
                if (headers.StartsWith("Transfer", StringComparison.Ordinal)) await stream.WriteAsync("7a1200\r\n"u8.ToArray(), Ct);
                await stream.WriteAsync(mark, Ct);
                await stream.WriteAsync(new byte[3_000_000], Ct);
                // Some of what came is kept by now; then the caller is gone.
                blob = await UntilAsync<Guid>(source, $"select blob from gofer.object_chunks where position('\\x{Convert.ToHexStringLower(mark)}'::bytea in data) > 0");
            }

            await UntilAsync<long>(source, $"select 1::bigint where not exists (select from gofer.object_chunks where blob = '{blob}') and exists (select from gofer.object_garbage where blob = '{blob}' and doomed)");
            Assert.Equal(HttpStatusCode.NotFound, (await Area.SendAsync(HttpMethod.Get, "pipelines/p/objects/cut")).Status);
        }
    }

    [Fact]
    public async Task An_object_whose_bytes_are_gone_is_not_there()
    {
        await ReadyAsync();
        await using var source = NpgsqlDataSource.Create(Server.ConnectionString);
        var mark = RandomNumberGenerator.GetBytes(32);
        await SendAsync(HttpMethod.Put, "pipelines/p/objects/x", mark);
        await using (var delete = source.CreateCommand($"delete from gofer.object_chunks where position('\\x{Convert.ToHexStringLower(mark)}'::bytea in data) > 0")) await delete.ExecuteNonQueryAsync(Ct);
        var answer = await Area.SendAsync(HttpMethod.Get, "pipelines/p/objects/x");
        Assert.Equal((HttpStatusCode.NotFound, "object_not_found"), (answer.Status, answer.Json.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Deletion_deletes_the_bytes()
    {
        await ReadyAsync();
        await using var source = NpgsqlDataSource.Create(Server.ConnectionString);
        var secret = RandomNumberGenerator.GetBytes(64);
        await SendAsync(HttpMethod.Put, "pipelines/p/objects/x", secret);
        var kept = $"select count(*) = {{0}} from gofer.object_chunks where position('\\x{Convert.ToHexStringLower(secret)}'::bytea in data) > 0";
        Assert.True(await AskAsync(source, string.Format(CultureInfo.InvariantCulture, kept, 1)));
        await Area.SendAsync(HttpMethod.Delete, "pipelines/p/objects/x");
        Assert.True(await AskAsync(source, string.Format(CultureInfo.InvariantCulture, kept, 0)));
    }

    [Fact]
    public async Task An_upload_that_was_given_up_is_no_object_any_more_and_says_so()
    {
        await ReadyAsync();
        var services = Server.Host.Services;
        await using var source = NpgsqlDataSource.Create(Server.ConnectionString);
        var (index, store) = (services.GetRequiredService<IObjectIndex>(), services.GetRequiredService<IObjectStore>());
        var blob = await index.ReserveAsync(Ct);
        await store.WriteAsync(blob, new MemoryStream(s_bytes), Ct);
        await services.GetRequiredService<ObjectKeeping>().RunAsync(Ct);
        Assert.NotNull(await store.OpenAsync(blob, 0, Ct)); // it may still come to its end
        await AskAsync(source, $"with due as (update gofer.object_garbage set due_at = now() where blob = '{blob.Value}' returning true) select * from due");
        await services.GetRequiredService<ObjectKeeping>().RunAsync(Ct);
        Assert.Null(await store.OpenAsync(blob, 0, Ct));
        var scope = new Domain.Objects.ObjectScope.OfPipeline { Namespace = default, Pipeline = default };
        var late = await index.CommitAsync(scope, "x", new UploadedObject(blob, s_bytes.Length, SHA256.HashData(s_bytes)), ObjectCondition.Any, 10, Ct);
        Assert.Equal(("store_unavailable", "The upload stood still for an hour and was given up. Send it again."), (late.Error!.Code, late.Error.Message));
        Assert.Null(await index.FindAsync(scope, "x", Ct));
        await Assert.ThrowsAsync<Application.Common.StoreUnavailableException>(() => index.RenewAsync(blob, Ct));

        // What it still writes is garbage again.
        await store.WriteAsync(blob, new MemoryStream(s_bytes), Ct);
        await index.DiscardAsync(blob, Ct);
        Assert.Null(await store.OpenAsync(blob, 0, Ct));
        Assert.True(await AskAsync(source, $"select exists (select from gofer.object_garbage where blob = '{blob.Value}' and doomed)"));
    }

    private async Task<long> ReadyAsync()
    {
        await Area.RegisterAsync(Script("p", "true"));
        return (await Area.EndAsync(await Area.RunAsync("p"))).Number;
    }

    private static string Tag(byte[] bytes) => $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))}\"";

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, byte[]? body = null, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, $"{Area.Path}/{path}") { Content = body is null ? null : new ByteArrayContent(body) };
        change?.Invoke(request);
        return await Area.Http.SendAsync(request, Ct);
    }

    private static async Task<bool> AskAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return (bool)(await command.ExecuteScalarAsync(Ct))!;
    }

    /// <summary>The answer, once there is one.</summary>
    private static async Task<T> UntilAsync<T>(NpgsqlDataSource source, string sql)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        while (true)
        {
            await using var command = source.CreateCommand(sql);
            if (await command.ExecuteScalarAsync(limit.Token) is T found) return found;
            await Task.Delay(20, limit.Token);
        }
    }
}
