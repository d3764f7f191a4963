using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;
using Docker.DotNet;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Gofer.Tests.Integration.Schedulers;

/// <summary>A registry on this machine that holds one image: an image of the engine's, as <c>tiny:1</c>.</summary>
internal sealed class TinyRegistry : IAsyncDisposable
{
    private const string ManifestType = "application/vnd.docker.distribution.manifest.v2+json";

    private readonly WebApplication _app;

    private TinyRegistry(WebApplication app, string digest) => (_app, Digest) = (app, digest);

    /// <summary>The image's repository.</summary>
    public string Repository => $"{new Uri(_app.Urls.First()).Authority}/tiny";

    /// <summary>The digest of its manifest.</summary>
    public string Digest { get; }

    /// <summary>Starts it with what the engine has under that name.</summary>
    public static async Task<TinyRegistry> StartAsync(DockerClient client, string image, CancellationToken cancellationToken)
    {
        var files = await SavedAsync(client, image, cancellationToken);
        using var listed = JsonDocument.Parse(files["manifest.json"]);
        var blobs = new Dictionary<string, byte[]>();
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = ManifestType,
            config = Blob("application/vnd.docker.container.image.v1+json", listed.RootElement[0].GetProperty("Config")),
            layers = listed.RootElement[0].GetProperty("Layers").EnumerateArray().Select(l => Blob("application/vnd.docker.image.rootfs.diff.tar.gzip", l)).ToArray(),
        });

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapGet("/v2/", () => Results.Ok());
        app.MapMethods("/v2/tiny/manifests/{reference}", ["GET", "HEAD"], (HttpContext context) =>
        {
            context.Response.Headers["Docker-Content-Digest"] = Sha(manifest);
            return Results.Bytes(manifest, ManifestType);
        });
        app.MapMethods("/v2/tiny/blobs/{digest}", ["GET", "HEAD"], (string digest) => Results.Bytes(blobs[digest], "application/octet-stream"));
        await app.StartAsync(cancellationToken);
        return new TinyRegistry(app, Sha(manifest));

        object Blob(string mediaType, JsonElement name)
        {
            var bytes = files[name.GetString()!];
            blobs[Sha(bytes)] = bytes;
            return new { mediaType, size = bytes.Length, digest = Sha(bytes) };
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task<Dictionary<string, byte[]>> SavedAsync(DockerClient client, string image, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, byte[]>();
        await using var saved = await client.Images.SaveImageAsync(image, cancellationToken);
        await using var tar = new TarReader(saved);
        while (await tar.GetNextEntryAsync(copyData: true, cancellationToken) is { } entry)
        {
            if (entry.DataStream is not { } data) continue;
            using var bytes = new MemoryStream();
            await data.CopyToAsync(bytes, cancellationToken);
            files[entry.Name] = bytes.ToArray();
        }

        return files;
    }

    private static string Sha(byte[] bytes) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";
}
