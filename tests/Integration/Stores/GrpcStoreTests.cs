using Gofer.Application.Common;
using Gofer.Application.Objects;
using Gofer.Application.Secrets;
using Gofer.Infrastructure.Stores;
using Gofer.Tests.Integration.Objects;
using Gofer.Tests.Integration.Secrets;
using Gofer.Tests.Support.Stores;

namespace Gofer.Tests.Integration.Stores;

/// <summary>The example of a store as one of secrets. Another one is tested by its address and its token in place of the example's.</summary>
public sealed class GrpcSecretStoreTests : SecretStoreContract, IAsyncLifetime
{
    private static readonly Guid s_install = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    private ExampleStore _example = null!;
    private StoreChannel _channel = null!;

    private protected override ISecretStore Store => new GrpcSecretStore(_channel, () => s_install);

    public async ValueTask InitializeAsync()
    {
        _example = await ExampleStore.StartAsync(Ct);
        _channel = new StoreChannel(_example.Options);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _example.DisposeAsync();
    }

    [Fact]
    public async Task A_list_may_be_longer_than_one_answer_and_is_of_one_install()
    {
        var scope = Scopes()[2];
        string[] keys = [.. Enumerable.Range(0, 230).Select(i => $"k{i:000}")];
        await Task.WhenAll(keys.Select(k => Store.PutAsync(scope, k, Text("value of it"), null, Ct)));
        Assert.Equal(keys, (await Store.ListAsync(scope, "", 500, Ct)).Select(s => s.Key));
        Assert.Equal(keys[5..206], (await Store.ListAsync(scope, keys[4], 201, Ct)).Select(s => s.Key));
        Assert.Empty(await new GrpcSecretStore(_channel, () => Guid.Empty).ListAsync(scope, "", 500, Ct));
    }

    [Fact]
    public async Task What_was_put_outlives_a_crash_of_the_store_and_the_channel_finds_it_again()
    {
        var scope = Scopes()[0];
        await Store.PutAsync(scope, "token", Text("correct horse"), null, Ct);
        await _example.KillAsync();
        var away = await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.ReadAsync(scope, "token", Ct));
        Assert.StartsWith($"The store at {_example.Options.Address} is away or not ready for SecretStore.Get", away.Message, StringComparison.Ordinal);
        await _example.StartAgainAsync(Ct);
        Assert.Equal("correct horse", (await Store.ReadAsync(scope, "token", Ct))!.Value.Reveal());
    }

    [Fact]
    public async Task A_wrong_token_is_said_and_neither_it_nor_a_value_is()
    {
        using var channel = new StoreChannel(_example.Options with { Token = "not-the-token" });
        var store = new GrpcSecretStore(channel, () => s_install);
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.PutAsync(Scopes()[0], "token", Text("correct horse"), null, Ct));
        Assert.Equal($"The store at {_example.Options.Address} refuses the token for SecretStore.Put (Unauthenticated): is store.token right, and may it do that?", refused.Message);
        Assert.DoesNotContain("not-the-token", refused.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("correct horse", refused.ToString() + _example.Said, StringComparison.Ordinal);
        Assert.Empty(_example.Files);
    }
}

/// <summary>The example of a store as one of objects.</summary>
public sealed class GrpcObjectStoreTests : ObjectStoreContract, IAsyncLifetime
{
    private static readonly Guid s_install = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());

    private ExampleStore _example = null!;
    private StoreChannel _channel = null!;

    private protected override IObjectStore Store => new GrpcObjectStore(_channel, () => s_install);

    public async ValueTask InitializeAsync()
    {
        _example = await ExampleStore.StartAsync(Ct);
        _channel = new StoreChannel(_example.Options);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _example.DisposeAsync();
    }

    [Fact]
    public async Task A_deleted_object_leaves_no_file_and_neither_does_an_upload_that_broke()
    {
        var (whole, broken) = (New(), New());
        await Store.WriteAsync(whole, new MemoryStream(new byte[100_000]), Ct);
        Assert.Single(_example.Files);
        await Store.DeleteAsync(whole, Ct);
        Assert.Empty(_example.Files);
        using var cut = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.WriteAsync(broken, new Endless(cut), cut.Token));
        Assert.Null(await Store.OpenAsync(broken, 0, Ct));
    }

    [Fact]
    public async Task A_store_that_is_away_is_said_also_in_the_middle_of_an_object()
    {
        var blob = New();
        await Store.WriteAsync(blob, new MemoryStream(new byte[16 << 20]), Ct);
        await using var stream = await Store.OpenAsync(blob, 0, Ct);
        var buffer = new byte[1000];
        await stream!.ReadExactlyAsync(buffer, Ct);
        await _example.KillAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => stream.CopyToAsync(Stream.Null, Ct));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.OpenAsync(blob, 0, Ct));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.DeleteAsync(blob, Ct));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.WriteAsync(New(), new MemoryStream([1]), Ct));
    }

    /// <summary>An upload that has no end, and is cancelled after its first megabyte.</summary>
    private sealed class Endless(CancellationTokenSource cut) : ReadOnlyStream
    {
        private int _count;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if ((_count += buffer.Length) > 1 << 20) cut.Cancel();
            return ValueTask.FromResult(buffer.Length);
        }
    }
}
