using System.Security.Cryptography;
using Gofer.Application.Common;
using Gofer.Application.Objects;
using Gofer.Infrastructure.Objects;
using Gofer.Infrastructure.Objects.S3;
using Gofer.Tests.Integration.Engine;
using Gofer.Tests.Support.S3;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Objects;

/// <summary>Objects in Gofer's own database.</summary>
public sealed class PostgresObjectStoreTests(QueueInstall shared) : ObjectStoreContract, IClassFixture<QueueInstall>
{
    private protected override IObjectStore Store => shared.Install.Services.GetRequiredService<IObjectStore>();
}

/// <summary>Objects as files.</summary>
public sealed class FileObjectStoreTests : ObjectStoreContract, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-objects-").FullName;

    private protected override IObjectStore Store => new FileObjectStore(_folder);

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Files_are_their_users_alone()
    {
        await Store.WriteAsync(New(), new MemoryStream("bytes"u8.ToArray()), Ct);
        var file = Assert.Single(Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task A_folder_that_is_gone_is_a_store_that_is_away_and_not_one_without_objects()
    {
        var blob = New();
        await Store.WriteAsync(blob, new MemoryStream("bytes"u8.ToArray()), Ct);
        Directory.Delete(_folder, recursive: true);
        Assert.StartsWith($"The folder of objects, {_folder}, cannot be used", (await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.OpenAsync(blob, 0, Ct))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Store.DeleteAsync(blob, Ct));
    }
}

/// <summary>Objects in a bucket: against s3rver, a small S3 server of npm.</summary>
public sealed class S3ObjectStoreTests : ObjectStoreContract, IAsyncLifetime
{
    private S3Server _server = null!;
    private S3ObjectStore _store = null!;

    private protected override IObjectStore Store => _store;

    private S3Options Options => new() { Bucket = S3Server.Bucket, Endpoint = _server.Endpoint, Key = S3Server.Key };

    public async ValueTask InitializeAsync()
    {
        _server = await S3Server.StartAsync(Ct);
        _store = new S3ObjectStore(Options);
    }

    public async ValueTask DisposeAsync()
    {
        _store.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(S3ObjectStore.Piece)]
    [InlineData((2 * S3ObjectStore.Piece) + 7)]
    public async Task An_object_of_several_pieces_comes_back_from_any_place_on_and_goes_with_all_of_them(int size)
    {
        var (blob, bytes) = (New(), RandomNumberGenerator.GetBytes(size));
        await Store.WriteAsync(blob, new MemoryStream(bytes), Ct);
        Assert.Equal((size / S3ObjectStore.Piece) + (size % S3ObjectStore.Piece > 0 ? 1 : 0), _server.Files.Count);
        foreach (var from in new[] { 0, 1, S3ObjectStore.Piece - 1, S3ObjectStore.Piece, size - 1, size })
        {
            await using var stream = await Store.OpenAsync(blob, from, Ct);
            using var read = new MemoryStream();
            await stream!.CopyToAsync(read, Ct);
            Assert.Equal(bytes[from..], read.ToArray());
        }

        await Store.DeleteAsync(blob, Ct);
        Assert.Empty(_server.Files);
    }

    [Fact]
    public async Task A_bucket_that_is_not_there_a_key_that_is_refused_and_a_server_that_is_away_are_a_store_that_is_away()
    {
        var blob = New();
        await Store.WriteAsync(blob, new MemoryStream("bytes"u8.ToArray()), Ct);
        using var elsewhere = new S3ObjectStore(Options with { Bucket = "nowhere" });
        using var stranger = new S3ObjectStore(Options with { Key = ("STRANGER", "another secret") });
        using var away = new S3ObjectStore(Options with { Endpoint = new Uri("http://127.0.0.1:1") });
        foreach (var (store, said) in new[] { (elsewhere, "bucket 'nowhere'"), (stranger, "Access Key Id"), (away, "127.0.0.1:1") })
        {
            var read = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.OpenAsync(blob, 0, Ct));
            Assert.Contains(said, read.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("another secret", read.Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<StoreUnavailableException>(() => store.WriteAsync(New(), new MemoryStream([1]), Ct));
            await Assert.ThrowsAsync<StoreUnavailableException>(() => store.DeleteAsync(blob, Ct));
        }
    }
}
