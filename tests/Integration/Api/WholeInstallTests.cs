using System.Net;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using Gofer.Tests.Support.Postgres;
using Npgsql;

namespace Gofer.Tests.Integration.Api;

/// <summary>One API without a worker for all tests of the class, over a database that each of them finds as new.</summary>
public sealed class EmptyInstall : IAsyncLifetime
{
    private DatabaseReset? _reset;

    public GoferServer Server { get; } = new() { Works = false };

    public async ValueTask InitializeAsync()
    {
        await Server.InitializeAsync();
        _reset = await DatabaseReset.PrepareAsync(Server.ConnectionString, TestContext.Current.CancellationToken);
    }

    public Task ResetAsync() => _reset!.ToEmptyAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

/// <summary>What can only be said of an install of which a test knows every row.</summary>
public sealed class WholeInstallTests(EmptyInstall install) : IClassFixture<EmptyInstall>, IAsyncLifetime
{
    private Area _area = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await install.ResetAsync();
        var http = install.Server.Http();
        _area = new Area("default", http, new GoferClient(http));
    }

    public ValueTask DisposeAsync()
    {
        _area.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_new_install_has_the_default_namespace_and_nothing_in_it()
    {
        Assert.Equal("default", Assert.Single((await _area.Client.Namespaces.ListNamespacesAsync(cancellationToken: Ct)).Items).Id);
        Assert.Empty((await _area.Client.Pipelines.ListPipelinesAsync("default", cancellationToken: Ct)).Items);
    }

    [Fact]
    public async Task All_namespaces_are_listed_by_id_page_by_page()
    {
        foreach (var id in new[] { "zebra", "ant", "elk" }) await _area.Client.Namespaces.CreateNamespaceAsync(new NewNamespaceBody { Id = id }, Ct);
        var first = await _area.Client.Namespaces.ListNamespacesAsync(3, cancellationToken: Ct);
        Assert.Equal(["ant", "default", "elk"], first.Items.Select(n => n.Id));
        var second = await _area.Client.Namespaces.ListNamespacesAsync(3, first.NextCursor, Ct);
        Assert.Equal(["zebra"], second.Items.Select(n => n.Id));
        Assert.Null(second.NextCursor);
        await _area.Client.Namespaces.DeleteNamespaceAsync("elk", cancellationToken: Ct);
        Assert.Equal(["ant", "default", "zebra"], (await _area.Client.Namespaces.ListNamespacesAsync(cancellationToken: Ct)).Items.Select(n => n.Id));
    }

    [Fact]
    public async Task The_default_namespace_can_be_changed_and_not_be_deleted()
    {
        var before = await _area.Client.Namespaces.GetNamespaceAsync("default", Ct);
        Assert.Equal("", before.Description); // whatever the other tests did
        var changed = await _area.SendAsync(HttpMethod.Patch, _area.Path, """{"description":"ours"}""");
        Assert.Equal((HttpStatusCode.OK, "ours"), (changed.Status, changed.Json.GetProperty("description").GetString()));
        foreach (var query in new[] { "", "?force=true" })
        {
            var refused = await _area.SendAsync(HttpMethod.Delete, _area.Path + query);
            Assert.Equal((HttpStatusCode.Conflict, "in_use"), (refused.Status, refused.Code));
        }
    }

    [Theory]
    [InlineData("with a key")]
    [InlineData("with the same key in an install that never saw it")]
    public async Task The_first_run_of_the_first_pipeline_has_number_1_and_is_the_only_row(string _)
    {
        await _area.RegisterAsync(Documents.Script("p", "true"));
        var created = await _area.SendAsync(HttpMethod.Post, "pipelines/p/runs", "{}", ("Idempotency-Key", "k"));
        Assert.Equal((HttpStatusCode.Created, 1, false), (created.Status, created.Json.GetProperty("number").GetInt32(), created.Replayed));
        await using var source = NpgsqlDataSource.Create(install.Server.ConnectionString);
        await using var count = source.CreateCommand("select (select count(*) from gofer.runs) + (select count(*) from gofer.active_runs) + (select count(*) from gofer.pipelines)");
        Assert.Equal(3L, await count.ExecuteScalarAsync(Ct));
    }
}
