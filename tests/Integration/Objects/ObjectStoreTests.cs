using Gofer.Application.Common;
using Gofer.Application.Objects;
using Gofer.Infrastructure.Objects;
using Gofer.Tests.Integration.Engine;
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
