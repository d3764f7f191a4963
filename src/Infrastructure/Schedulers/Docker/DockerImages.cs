using System.Globalization;
using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using Gofer.Application.Schedulers;
using Gofer.Domain.Runs;
using ContainerSpec = Gofer.Application.Schedulers.ContainerSpec;

namespace Gofer.Infrastructure.Schedulers.Docker;

/// <summary>Sees to it that the engine has an image.</summary>
internal sealed class DockerImages(IDockerClient client)
{
    /// <summary>Returns once the image is there; pulled where it is not, or where the spec asks for it.</summary>
    /// <exception cref="ContainerRefusedException">The image cannot be had.</exception>
    public async Task EnsureAsync(ContainerSpec spec, IProgress<string> progress, CancellationToken cancellationToken)
    {
        if (!spec.AlwaysPull && await FindAsync(spec.Image, cancellationToken) is not null) return;
        await PullAsync(spec, progress, cancellationToken);
        if (await FindAsync(spec.Image, cancellationToken) is null)
        {
            throw new ContainerRefusedException(Reasons.ImagePull, $"The image {spec.Image} was pulled and is not there.");
        }
    }

    /// <summary>The digest under which a registry has the image of a container, or the engine's id of it where none has.</summary>
    public async Task<string?> DigestAsync(ContainerInspectResponse container, CancellationToken cancellationToken)
    {
        // By its id: the name may mean another image by now. An image that was removed meanwhile has nothing but the id.
        var id = container.Image;
        try
        {
            return id is { Length: > 0 } && await FindAsync(id, cancellationToken) is { } image ? Digest(image.RepoDigests, container.Config?.Image) ?? id : id;
        }
        catch (ContainerRefusedException)
        {
            return id; // the container runs; what is told about its image is no reason to end it
        }
    }

    /// <summary>The one of the repository that was asked for, else any.</summary>
    private static string? Digest(IList<string>? digests, string? name)
    {
        var repository = (name ?? "").Split('@')[0];
        if (repository.LastIndexOf(':') is var colon && colon > repository.LastIndexOf('/')) repository = repository[..colon];
        return digests?.FirstOrDefault(d => d.Split('@')[0] == repository) ?? digests?.FirstOrDefault();
    }

    private async Task<ImageInspectResponse?> FindAsync(string image, CancellationToken cancellationToken)
    {
        try
        {
            return await DockerErrors.CallAsync(() => client.Images.InspectImageAsync(image, cancellationToken), cancellationToken);
        }
        catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (DockerApiException e)
        {
            throw new ContainerRefusedException(Reasons.ImagePull, $"The image {image} cannot be used: {e.Words()}", e);
        }

    }

    private async Task PullAsync(ContainerSpec spec, IProgress<string> progress, CancellationToken cancellationToken)
    {
        progress.Report($"pulling {spec.Image}");
        var pull = new PullProgress(spec.Image, progress);
        var auth = spec.RegistryAuth is { } login ? new AuthConfig { Username = login.User, Password = login.Pass } : new AuthConfig();
        try
        {
            // A name without a tag means the newest, and never all tags of the repository.
            var name = spec.Image.LastIndexOf(':') > spec.Image.LastIndexOf('/') || spec.Image.Contains('@', StringComparison.Ordinal) ? spec.Image : $"{spec.Image}:latest";
            await DockerErrors.CallAsync(
                () => client.Images.CreateImageAsync(new ImagesCreateParameters { FromImage = name }, auth, pull, cancellationToken), cancellationToken);
        }
        catch (DockerApiException e)
        {
            throw new ContainerRefusedException(Reasons.ImagePull, Refusal(spec, e.Words()), e);
        }

        if (pull.Error is { } error) throw new ContainerRefusedException(Reasons.ImagePull, Refusal(spec, error));
    }

    private static string Refusal(ContainerSpec spec, string words) =>
        $"The image {spec.Image} could not be pulled: {words.TrimEnd('.')}. Are its name and tag right (docker pull {spec.Image})? "
        + (spec.RegistryAuth is null ? "A private one needs registry_auth." : "Is the login of registry_auth right?");

    /// <summary>Adds up the layers' progress and keeps the error that the engine puts into the stream.</summary>
    private sealed class PullProgress(string image, IProgress<string> progress) : IProgress<JSONMessage>
    {
        private readonly Dictionary<string, (long Done, long Total)> _layers = [];

        public string? Error { get; private set; }

        public void Report(JSONMessage value)
        {
            if (value.Error?.Message is { Length: > 0 } error) Error = error;
            if (value.ID is not { Length: > 0 } layer || value.Progress is not { Total: { } total, Current: { } current } || total <= 0) return;
            _layers[layer] = (current, total);
            var percent = 100 * _layers.Values.Sum(l => l.Done) / Math.Max(1, _layers.Values.Sum(l => l.Total));
            progress.Report(string.Create(CultureInfo.InvariantCulture, $"pulling {image} {percent} %"));
        }
    }
}
