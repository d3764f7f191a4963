using System.Security.Cryptography;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Objects;

/// <summary>What a large object costs the server that it passes; a process of its own, so that its memory is its own.</summary>
public sealed class ObjectMemoryTests(ITestOutputHelper output) : IDisposable
{
    private const long Size = 256 << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("gofer-large-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("files")]
    [InlineData("postgres")]
    public async Task A_quarter_of_a_gigabyte_goes_up_and_down_and_the_servers_memory_stays_flat(string store)
    {
        await using var cluster = await GoferCluster.StartAsync(
            [("GOFER_OBJECTS__STORE", store), .. store == "files" ? [("GOFER_OBJECTS__PATH", Path.Combine(_folder, "objects"))] : Array.Empty<(string, string)>()]);
        await cluster.Area.RegisterAsync(Script("p", "true"));
        var owner = new ObjectOwner("default", "p");
        var client = cluster.Area.Client.Bytes;
        await PassAsync(8 << 20);
        var before = cluster.Api.Memory();
        await PassAsync(Size);
        var after = cluster.Api.Memory();
        output.WriteLine($"{store}: from {before.Now >> 20} MiB to {after.Peak >> 20} MiB at most");
        Assert.True(after.Peak - before.Now < 64 << 20, $"The server grew from {before.Now >> 20} MiB to {after.Peak >> 20} MiB.");

        async Task PassAsync(long size)
        {
            // A file with a hole: no bytes on the disk, and more than zeros at both ends.
            await using var file = new FileStream(Path.Combine(_folder, "sent"), FileMode.Create);
            await file.WriteAsync("begin"u8.ToArray(), Ct);
            file.SetLength(size - 3);
            file.Position = size - 3;
            await file.WriteAsync("end"u8.ToArray(), Ct);
            file.Position = 0;
            var sent = await SHA256.HashDataAsync(file, Ct);
            file.Position = 0;
            await client.PutAsync(owner, "large", file, cancellationToken: Ct);
            await using var got = await cluster.Area.Http.GetStreamAsync(new Uri($"{cluster.Area.Path}/pipelines/p/objects/large", UriKind.Relative), Ct);
            Assert.Equal(sent, await SHA256.HashDataAsync(got, Ct));
        }
    }
}
