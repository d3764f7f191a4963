using System.Net;
using Gofer.Application.Common;
using Gofer.Application.Objects;
using Gofer.Cli.Hosting;
using Gofer.Client;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Postgres.Objects;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support;
using Microsoft.Extensions.Configuration;
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

        // Where nobody knows how much it will be, the refusal comes in the middle of it.
        var refused = await Assert.ThrowsAnyAsync<Refit.ApiException>(() => _area.Client.Bytes.PutAsync(Pipeline, "y", new MemoryStream(new byte[40_000_000]), cancellationToken: Ct));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
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
        Assert.Equal("1 9 9", await SizesAsync());
        await _area.EndAsync(await _area.RunAsync("p"));
        Assert.Equal("1 9", await SizesAsync());
        Assert.Empty((await _area.Client.Objects.ListRunObjectsAsync(_area.Name, "p", "1", cancellationToken: Ct)).Items);
        Assert.Single((await _area.Client.Objects.ListRunObjectsAsync(_area.Name, "p", "2", cancellationToken: Ct)).Items);
        var late = await Assert.ThrowsAnyAsync<Refit.ApiException>(() => _area.Client.Bytes.PutAsync(Pipeline with { Run = "1" }, "x", new MemoryStream([1]), cancellationToken: Ct));
        Assert.Contains("Run 1 has 2 newer ones, and the objects of a run go once there are 2 (objects.keep_runs).", late.Content, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_objects_of_an_old_run_that_has_not_ended_stay_and_it_takes_new_ones()
    {
        await _area.RegisterAsync(Script("q", "while [ ! -e stop ]; do sleep 0.05; done"));
        var first = await _area.RunAsync("q");
        var owner = new ObjectOwner(_area.Name, "q", "1");
        await _area.Client.Bytes.PutAsync(owner, "x", new MemoryStream([1]), cancellationToken: Ct);
        foreach (var _ in (int[])[2, 3])
        {
            var other = await _area.RunAsync("q");
            await _area.Client.Runs.CancelRunAsync(_area.Name, "q", $"{other.Number}", new CancelBody(), cancellationToken: Ct);
            await _area.EndAsync(other);
        }

        await _area.Client.Bytes.PutAsync(owner, "y", new MemoryStream([1, 2]), cancellationToken: Ct);
        Assert.Equal("1 2", await SizesAsync());
        await _area.Client.Runs.CancelRunAsync(_area.Name, "q", "1", new CancelBody(), cancellationToken: Ct);
        await _area.EndAsync(first);
        Assert.Equal("", await SizesAsync());
    }

    [Fact]
    public async Task Bytes_that_cannot_be_deleted_hold_nobody_up_and_are_tried_again()
    {
        var services = _server.Host.Services;
        var index = services.GetRequiredService<ObjectIndex>();
        await using var source = NpgsqlDataSource.Create(_server.ConnectionString);
        var store = new Stubborn(services.GetRequiredService<IObjectStore>());
        foreach (var size in (int[])[1, 2])
        {
            var blob = await index.ReserveAsync(Ct);
            store.Keeps ??= blob;
            await store.WriteAsync(blob, new MemoryStream(new byte[size]), Ct);
            await using var due = source.CreateCommand($"update gofer.object_garbage set due_at = now() - interval '{3 - size} minutes' where blob = '{blob.Value}'");
            await due.ExecuteNonQueryAsync(Ct);
        }

        var keeping = ActivatorUtilities.CreateInstance<ObjectKeeping>(services, store);
        await keeping.RunAsync(Ct);
        await keeping.RunAsync(Ct);
        await using (var left = source.CreateCommand("select string_agg(length(data)::text, ' ') from gofer.object_chunks")) Assert.Equal("1", await left.ExecuteScalarAsync(Ct));
        store.Keeps = null;
        Assert.Equal("", await SizesAsync());
    }

    [Fact]
    public async Task Bytes_that_somebody_is_deleting_become_no_object_any_more()
    {
        var index = _server.Host.Services.GetRequiredService<ObjectIndex>();
        await using var source = NpgsqlDataSource.Create(_server.ConnectionString);
        var blob = await index.ReserveAsync(Ct);
        await using (var due = source.CreateCommand("update gofer.object_garbage set due_at = now()")) await due.ExecuteNonQueryAsync(Ct);
        Assert.Equal(blob, await index.TakeDueAsync(Ct));
        Assert.Null(await index.TakeDueAsync(Ct));
        var scope = new Domain.Objects.ObjectScope.OfPipeline { Namespace = default, Pipeline = default };
        var late = await index.CommitAsync(scope, "x", new UploadedObject(blob, 1, new byte[32]), ObjectCondition.Any, 10, Ct);
        Assert.Equal("The upload stood still for an hour and was given up. Send it again.", late.Error!.Message);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => index.RenewAsync(blob, Ct));
    }

    [Fact]
    public async Task A_process_with_another_store_than_its_install_does_not_start()
    {
        await PutAsync("x");
        var plan = new ServerPlan
        {
            Settings = new ConfigurationBuilder().Build(),
            Postgres = _server.ConnectionString,
            Keys = TestKeys.Ring,
            Stores = StoreChoices.InDatabase with { Objects = new ObjectStoreChoice(Folder: "/nowhere") },
        };
        var started = await ServerHost.StartAsync(plan, Ct);
        Assert.Equal(
            "This install keeps its objects in 'postgres', and this process is set to 'files' (objects.store). Give every api and worker the same; another store can be chosen only while there are no objects.",
            started.Error!.Message);
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

    private Task<Gofer.Client.PutObjectView> PutAsync(string key) => _area.Client.Bytes.PutAsync(Pipeline, key, new MemoryStream([7]), cancellationToken: Ct);

    private Task KeepAsync() => _server.Host.Services.GetRequiredService<ObjectKeeping>().RunAsync(Ct);

    /// <summary>The sizes of all bytes that are kept once what is garbage by now is collected, smallest first; each has its object.</summary>
    private async Task<string> SizesAsync()
    {
        await using var source = NpgsqlDataSource.Create(_server.ConnectionString);
        await using (var due = source.CreateCommand("update gofer.object_garbage set due_at = now() where doomed")) await due.ExecuteNonQueryAsync(Ct);
        await KeepAsync();
        await using var command = source.CreateCommand(
            """
            select coalesce(string_agg(size::text, ' ' order by size), ''), (select count(*) from gofer.object_garbage), (select count(*) from gofer.objects), count(*) from (
                select sum(length(data))::int as size from gofer.object_chunks group by blob) s
            """);
        await using var row = await command.ExecuteReaderAsync(Ct);
        await row.ReadAsync(Ct);
        Assert.Equal((0, row.GetInt64(2)), (row.GetInt64(1), row.GetInt64(3)));
        return row.GetString(0);
    }

    /// <summary>A store that deletes everything but one.</summary>
    private sealed class Stubborn(IObjectStore inner) : IObjectStore
    {
        public BlobId? Keeps { get; set; }

        public string Place => inner.Place;

        public Task WriteAsync(BlobId blob, Stream content, CancellationToken cancellationToken) => inner.WriteAsync(blob, content, cancellationToken);

        public Task<Stream?> OpenAsync(BlobId blob, long offset, CancellationToken cancellationToken) => inner.OpenAsync(blob, offset, cancellationToken);

        public Task DeleteAsync(BlobId blob, CancellationToken cancellationToken) =>
            blob == Keeps ? throw new StoreUnavailableException("It does not want to.") : inner.DeleteAsync(blob, cancellationToken);
    }
}
