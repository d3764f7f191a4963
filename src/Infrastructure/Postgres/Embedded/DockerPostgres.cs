using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Docker.DotNet;
using Docker.DotNet.Models;
using Gofer.Domain.Common;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Embedded;

/// <summary>
/// A <c>postgres</c> container of one data folder's own, for machines without server binaries: named after the folder, on a loopback
/// port, its data in a volume of the same name. Docker starts it again when it fails; a killed host leaves it to the next start.
/// </summary>
public sealed class DockerPostgres : PrivatePostgres
{
    private const string ImageFile = "postgres.image";
    private const string PasswordFile = "postgres.password";
    private const string FallbackImage = "postgres:16";
    private const string Label = "gofer.postgres";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(90);

    private readonly DockerClient _docker;
    private readonly string _name;
    private readonly IProgress<string> _progress;
    private bool _stopped;

    private DockerPostgres(DockerClient docker, string name, string image, int port, string password, IProgress<string> progress)
    {
        (_docker, _name, _progress) = (docker, name, progress);
        ConnectionString = Address(port, password);
        Description = string.Create(CultureInfo.InvariantCulture, $"{image}, container {name}, port {port}");
    }

    /// <inheritdoc/>
    public override string ConnectionString { get; }

    /// <inheritdoc/>
    public override string Description { get; }

    /// <summary>Whether the folder's data is in a volume of Docker's.</summary>
    public static bool HasDataIn(DataFolder folder) => folder.Read(ImageFile) is not null;

    /// <summary>The engine that <c>DOCKER_HOST</c> names, else the usual socket if there is one.</summary>
    public static Uri? DefaultEndpoint() =>
        Uri.TryCreate(Environment.GetEnvironmentVariable("DOCKER_HOST"), UriKind.Absolute, out var named) ? named
        : File.Exists("/var/run/docker.sock") ? new Uri("unix:///var/run/docker.sock")
        : null;

    /// <summary>Starts the folder's container, or takes over the one that runs.</summary>
    public static async Task<Result<DockerPostgres>> RunAsync(
        DataFolder folder, PrivatePostgresOptions options, IProgress<string> progress, CancellationToken cancellationToken)
    {
        if (options.Docker is not { } endpoint)
        {
            return Refused("No Docker engine was found.");
        }

        var docker = new DockerClientBuilder().WithEndpoint(endpoint).Build();
        try
        {
            var started = await StartAsync(docker, folder, options, progress, cancellationToken);
            if (!started.IsOk)
            {
                docker.Dispose();
            }

            return started;
        }
        catch (Exception failed) when (failed is DockerApiException or HttpRequestException or IOException or TimeoutException)
        {
            docker.Dispose();
            return Refused($"Docker at {endpoint} could not run a postgres container: {failed.Message}");
        }
        catch
        {
            docker.Dispose();
            throw;
        }
    }

    /// <summary>Stops and removes the container; the volume keeps the data.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        try
        {
            await RemoveAsync(_docker, _name, CancellationToken.None);
        }
        catch (Exception failed) when (failed is DockerApiException or HttpRequestException or IOException or TimeoutException)
        {
            _progress.Report($"The container {_name} could not be stopped: {failed.Message}");
        }

        _docker.Dispose();
    }

    private static async Task<Result<DockerPostgres>> StartAsync(
        DockerClient docker, DataFolder folder, PrivatePostgresOptions options, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var name = $"gofer-postgres-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder.Path)))[..12]}";
        var image = folder.Read(ImageFile) ?? await PresentImageAsync(docker, cancellationToken);
        if (image is null)
        {
            image = FallbackImage;
            progress.Report($"Pulling {image}");
            await docker.Images.CreateImageAsync(
                new ImagesCreateParameters { FromImage = image }, null, new Progress<JSONMessage>(), cancellationToken);
        }

        var password = folder.Read(PasswordFile) ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        folder.Write(PasswordFile, password);
        var port = await RunningPortAsync(docker, name, cancellationToken);
        if (port is null)
        {
            await RemoveAsync(docker, name, cancellationToken);
            port = LoopbackPort.Choose(folder);
            progress.Report($"Starting {image} as container {name}");
            await docker.Containers.CreateContainerAsync(Describe(name, folder.Path, image, port.Value, password, options.Settings), cancellationToken);
            folder.Write(ImageFile, image);
            await docker.Containers.StartContainerAsync(name, new ContainerStartParameters(), cancellationToken);
        }

        var postgres = new DockerPostgres(docker, name, image, port.Value, password, progress);
        try
        {
            if (await AnswersAsync(postgres.ConnectionString, options.Clock, cancellationToken))
            {
                return postgres;
            }
        }
        catch (OperationCanceledException)
        {
            await RemoveAsync(docker, name, CancellationToken.None);
            throw;
        }

        return Refused($"The container {name} ({image}) does not answer on port {port}; see: docker logs {name}");
    }

    private static CreateContainerParameters Describe(
        string name, string folder, string image, int port, string password, PostgresSettings settings) => new()
        {
            Name = name,
            Image = image,
            Labels = new Dictionary<string, string> { [Label] = folder },
            // PGDATA is set because images differ in where they keep it.
            Env = [$"POSTGRES_USER={Cluster.Role}", $"POSTGRES_PASSWORD={password}", "POSTGRES_DB=gofer", "PGDATA=/gofer/data"],
            Cmd = ["postgres", "-c", string.Create(CultureInfo.InvariantCulture, $"max_connections={settings.MaxConnections}"), "-c", "jit=off"],
            ExposedPorts = new Dictionary<string, EmptyStruct> { ["5432/tcp"] = default },
            HostConfig = new HostConfig
            {
                Binds = [$"{name}:/gofer"],
                PortBindings = new Dictionary<string, IList<PortBinding>>
                {
                    ["5432/tcp"] = [new PortBinding { HostIP = "127.0.0.1", HostPort = port.ToString(CultureInfo.InvariantCulture) }],
                },
                RestartPolicy = new RestartPolicy { Name = RestartPolicyKind.OnFailure },
            },
        };

    private static async Task<string?> PresentImageAsync(DockerClient docker, CancellationToken cancellationToken)
    {
        var images = await docker.Images.ListImagesAsync(new ImagesListParameters(), cancellationToken);
        return images.SelectMany(image => image.RepoTags ?? [])
            .Where(tag => tag.StartsWith("postgres:", StringComparison.Ordinal))
            .Where(tag => Major(tag) is null or (>= PostgresBinaries.Oldest and <= PostgresBinaries.Newest))
            .OrderByDescending(tag => Major(tag) ?? 0)
            .FirstOrDefault();
    }

    private static int? Major(string tag)
    {
        var digits = new string([.. tag["postgres:".Length..].TakeWhile(char.IsAsciiDigit)]);
        return int.TryParse(digits, CultureInfo.InvariantCulture, out var major) ? major : null;
    }

    private static async Task<int?> RunningPortAsync(DockerClient docker, string name, CancellationToken cancellationToken)
    {
        try
        {
            var found = await docker.Containers.InspectContainerAsync(name, cancellationToken);
            return found.State is { Running: true }
                && found.NetworkSettings?.Ports?.TryGetValue("5432/tcp", out var bindings) is true
                && bindings is [{ HostPort: var port }, ..]
                    ? int.Parse(port, CultureInfo.InvariantCulture)
                    : null;
        }
        catch (DockerContainerNotFoundException)
        {
            return null;
        }
    }

    private static async Task RemoveAsync(DockerClient docker, string name, CancellationToken cancellationToken)
    {
        try
        {
            await docker.Containers.StopContainerAsync(name, new ContainerStopParameters { WaitBeforeKillSeconds = 60 }, cancellationToken);
            await docker.Containers.RemoveContainerAsync(name, new ContainerRemoveParameters { Force = true }, cancellationToken);
        }
        catch (DockerContainerNotFoundException)
        {
            // Nothing is left of an earlier start.
        }
    }

    private static async Task<bool> AnswersAsync(string connectionString, TimeProvider clock, CancellationToken cancellationToken)
    {
        var address = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = 5 };
        for (var began = clock.GetTimestamp(); clock.GetElapsedTime(began) < s_patience;)
        {
            try
            {
                await using var connection = new NpgsqlConnection(address.ConnectionString);
                await connection.OpenAsync(cancellationToken);
                return true;
            }
            catch (Exception notYet) when (notYet is NpgsqlException or TimeoutException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), clock, cancellationToken);
            }
        }

        return false;
    }

    private static string Address(int port, string password) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = port,
        Username = Cluster.Role,
        Password = password,
        Database = "gofer",
        SslMode = SslMode.Disable,
    }.ConnectionString;

    private static Error Refused(string message) => new(ErrorKind.Unavailable, ErrorCodes.DatabaseUnavailable, message);
}
