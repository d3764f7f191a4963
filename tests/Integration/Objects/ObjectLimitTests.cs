using System.Net;
using Gofer.Client;
using Gofer.Infrastructure.Postgres.Objects;
using Gofer.Tests.Integration.Serving;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Objects;

/// <summary>How large, how many and how old objects become; on a server that allows little.</summary>
public sealed class ObjectLimitTests : IAsyncLifetime
{
    private readonly GoferServer _server = new()
    {
        Settings = { ["Gofer:Objects:SizeLimit"] = "2000000", ["Gofer:Objects:CountLimit"] = "3", ["Gofer:Objects:KeepRuns"] = "2" },
    };

    private Area _area = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private ObjectOwner Pipeline => new(_area.Name, "p");

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _area = await _server.AreaAsync();
        await _area.RegisterAsync(Script("p", "true"));
    }

    public async ValueTask DisposeAsync()
    {
        _area.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task An_object_that_is_too_large_is_refused_before_or_while_it_comes_and_leaves_nothing()
    {
        await _area.Client.Bytes.PutAsync(Pipeline, "x", new MemoryStream(new byte[2_000_000]), cancellationToken: Ct);
        foreach (var known in new[] { true, false })
        {
            using var content = new StreamContent(new MemoryStream(new byte[2_000_001]));
            if (!known) content.Headers.ContentLength = null;
            using var request = new HttpRequestMessage(HttpMethod.Put, $"{_area.Path}/pipelines/p/objects/y") { Content = content };
            request.Headers.TransferEncodingChunked = !known;
            using var answer = await _area.Http.SendAsync(request, Ct);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
            Assert.Contains("The object is larger than 2000000 bytes, the most that is taken here (objects.size_limit).", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }

        Assert.Equal("2000000", await SizesAsync());
        Assert.Equal(["x"], (await _area.Client.Objects.ListPipelineObjectsAsync(_area.Name, "p", cancellationToken: Ct)).Items.Select(o => o.Key));
    }

    [Fact]
    public async Task Of_more_objects_than_there_may_be_the_oldest_go_and_the_writer_hears_which()
    {
        foreach (var key in new[] { "a", "b", "c", "b" }) Assert.Empty((await PutAsync(key)).Evicted);
        Assert.Equal(["a"], (await PutAsync("d")).Evicted);
        Assert.Equal(["c"], (await PutAsync("a")).Evicted);
        Assert.Equal(["a", "b", "d"], (await _area.Client.Objects.ListPipelineObjectsAsync(_area.Name, "p", cancellationToken: Ct)).Items.Select(o => o.Key));

        var all = Enumerable.Range(0, 12).Select(i => $"n{i}").ToList();
        await Task.WhenAll(all.Select(PutAsync));
        Assert.Equal(3, (await _area.Client.Objects.ListPipelineObjectsAsync(_area.Name, "p", cancellationToken: Ct)).Items.Count);
    }

    [Fact]
    public async Task The_objects_of_a_run_go_when_as_many_newer_runs_are_there_and_those_of_the_pipeline_stay()
    {
        var first = await _area.EndAsync(await _area.RunAsync("p"));
        var second = await _area.EndAsync(await _area.RunAsync("p"));
        await PutAsync("kept");
        foreach (var run in new[] { first, second }) await _area.Client.Bytes.PutAsync(Pipeline with { Run = $"{run.Number}" }, "x", new MemoryStream(new byte[9]), cancellationToken: Ct);
        await KeepAsync();
        Assert.Equal("1 9 9", await SizesAsync());
        await _area.EndAsync(await _area.RunAsync("p"));
        await KeepAsync();
        Assert.Empty((await _area.Client.Objects.ListRunObjectsAsync(_area.Name, "p", "1", cancellationToken: Ct)).Items);
        Assert.Single((await _area.Client.Objects.ListRunObjectsAsync(_area.Name, "p", "2", cancellationToken: Ct)).Items);
        Assert.Equal("1 9", await SizesAsync());
    }

    [Fact]
    public async Task The_objects_of_a_deleted_pipeline_go_and_one_of_the_same_name_does_not_inherit_them()
    {
        await PutAsync("x");
        await _area.Client.Pipelines.DeletePipelineAsync(_area.Name, "p", cancellationToken: Ct);
        await _area.RegisterAsync(Script("p", "true"));
        Assert.Empty((await _area.Client.Objects.ListPipelineObjectsAsync(_area.Name, "p", cancellationToken: Ct)).Items);
        await KeepAsync();
        Assert.Equal("", await SizesAsync());
    }

    private Task<PutObjectView> PutAsync(string key) => _area.Client.Bytes.PutAsync(Pipeline, key, new MemoryStream([7]), cancellationToken: Ct);

    private Task KeepAsync() => _server.Host.Services.GetRequiredService<ObjectKeeping>().RunAsync(Ct);

    /// <summary>The sizes of all bytes that are kept and that readers of what was replaced do not hold up, smallest first.</summary>
    private async Task<string> SizesAsync()
    {
        await using var source = NpgsqlDataSource.Create(_server.ConnectionString);
        await using var command = source.CreateCommand(
            """
            select coalesce(string_agg(size::text, ' ' order by size), '') from (
                select sum(length(data))::int as size from gofer.object_chunks c
                where not exists (select from gofer.object_garbage g where g.blob = c.blob) group by blob) s
            """);
        return (string)(await command.ExecuteScalarAsync(Ct))!;
    }
}
