using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using Docker.DotNet;
using Docker.DotNet.Models;
using Gofer.Application.Logs;
using Gofer.Application.Schedulers;
using Gofer.Domain.Runs;
using ContainerSpec = Gofer.Application.Schedulers.ContainerSpec;
using ContainerStatus = Gofer.Application.Schedulers.ContainerStatus;

namespace Gofer.Infrastructure.Schedulers.Docker;

/// <summary>
/// Runs tasks on a Docker Engine. The container's name is the key of everything: a create that conflicts finds what another worker made.
/// Ended containers stay for inspection until <see cref="CollectAsync"/>, unless they are not to be kept: then they go with their release.
/// </summary>
public sealed class DockerScheduler : IScheduler, IDisposable
{
    /// <summary>The network that every container of ours is in.</summary>
    public const string NetworkName = DockerNetwork.Name;

    /// <summary>How often a container is made anew because its network was removed between its creation and its start.</summary>
    private const int NetworkTries = 3;

    /// <summary>How long the engine may take to make a container that is not wanted any more.</summary>
    private static readonly TimeSpan s_createPatience = TimeSpan.FromSeconds(10);

    private readonly Uri _endpoint;
    private readonly Func<Guid> _install;
    private readonly TimeProvider _clock;
    private readonly bool _keepsEnded;
    private readonly DockerClient _client;
    private readonly DockerImages _images;
    private readonly DockerNetwork _network;

    /// <summary>Over the engine at <paramref name="endpoint"/>; only containers of <paramref name="install"/>, known before the first call, are ever removed.</summary>
    public DockerScheduler(Uri endpoint, Func<Guid> install, TimeProvider clock, bool keepsEnded = true)
        : this(endpoint, install, clock, DockerNetwork.Name) => _keepsEnded = keepsEnded;

    internal DockerScheduler(Uri endpoint, Func<Guid> install, TimeProvider clock, string network)
    {
        (_endpoint, _install, _clock, _keepsEnded) = (endpoint, install, clock, true);
        _client = new DockerClientBuilder().WithEndpoint(endpoint).WithTimeout(Timeout.InfiniteTimeSpan).Build();
        _images = new DockerImages(_client);
        _network = new DockerNetwork(_client, network);
    }

    /// <inheritdoc/>
    public string Kind => "docker";

    /// <inheritdoc/>
    public async Task<Backend> ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(TimeSpan.FromSeconds(10));
            var info = await DockerErrors.CallAsync(() => _client.System.GetSystemInfoAsync(patience.Token), cancellationToken);
            return new Backend(Kind, info.ID, info.Name, $"Docker {info.ServerVersion} at {_endpoint}");
        }
        catch (DockerApiException e)
        {
            throw DockerErrors.Unavailable(e);
        }
    }

    /// <inheritdoc/>
    public async Task<ContainerStarted> StartAsync(ContainerSpec spec, IProgress<string> progress, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var found = await FindAsync(spec.Name, cancellationToken);
            if (found is null)
            {
                await _images.EnsureAsync(spec, progress, cancellationToken);
                progress.Report("creating the container");
                found = await CreateAsync(spec, cancellationToken);
            }

            if (found is { State.Status: "created" })
            {
                if (!await RunAsync(spec, tries, cancellationToken)) continue;
                found = await FindAsync(spec.Name, cancellationToken);
            }

            return found is null
                ? throw new ContainerRefusedException(Reasons.SchedulerError, "The container was removed while it was being started.")
                : new ContainerStarted(Time(found.State?.StartedAt), await _images.DigestAsync(found, cancellationToken));
        }
    }

    /// <inheritdoc/>
    public async Task<ContainerStatus> InspectAsync(string name, CancellationToken cancellationToken) => Status(await FindAsync(name, cancellationToken));

    /// <inheritdoc/>
    public async Task<ContainerStatus> WaitAsync(string name, CancellationToken cancellationToken)
    {
        while (true)
        {
            var status = await InspectAsync(name, cancellationToken);
            if (status is ContainerStatus.Ended or ContainerStatus.Absent) return status;
            try
            {
                await DockerErrors.CallAsync(() => _client.Containers.WaitContainerAsync(name, cancellationToken), cancellationToken);
            }
            catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
            {
                // removed; the next look says so
            }
            catch (DockerApiException e)
            {
                throw DockerErrors.Unavailable(e);
            }
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<LogPiece> ReadLogsAsync(
        string name, long stdoutOffset, long stderrOffset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var at = (Stdout: stdoutOffset, Stderr: stderrOffset);
        while (true)
        {
            // Looked at before reading: what an ended container wrote is all there.
            var ended = await InspectAsync(name, cancellationToken) is ContainerStatus.Ended or ContainerStatus.Absent;
            await foreach (var piece in DockerLogs.ReadAsync(_client, name, at.Stdout, at.Stderr, cancellationToken))
            {
                if (piece.Stream == LogStream.Stdout) at.Stdout += piece.Bytes.Length;
                else at.Stderr += piece.Bytes.Length;
                yield return piece;
            }

            // The stream of a running container ends when the engine restarts or rotates; then it goes on from where it was.
            if (ended) yield break;
            await Task.Delay(20, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task StopAsync(string name, TimeSpan grace, CancellationToken cancellationToken)
    {
        switch (await InspectAsync(name, cancellationToken))
        {
            case ContainerStatus.Created:
                await RemoveAsync(name, cancellationToken);
                return;
            case ContainerStatus.Running when grace <= TimeSpan.Zero:
                await KillAsync(name, cancellationToken);
                return;
            case ContainerStatus.Running:
                try
                {
                    var seconds = (uint)Math.Ceiling(grace.TotalSeconds);
                    await DockerErrors.CallAsync(
                        () => _client.Containers.StopContainerAsync(name, new ContainerStopParameters { WaitBeforeKillSeconds = seconds }, cancellationToken),
                        cancellationToken);
                }
                catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
                {
                    return; // removed in the meantime
                }
                catch (DockerApiException e)
                {
                    throw DockerErrors.Unavailable(e);
                }

                return;
        }
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(string name, CancellationToken cancellationToken) => _keepsEnded ? Task.CompletedTask : RemoveAsync(name, cancellationToken);

    /// <inheritdoc/>
    public async Task<int> CollectAsync(TimeSpan retention, CancellationToken cancellationToken)
    {
        var before = _clock.GetUtcNow() - retention;
        var filter = new Dictionary<string, IDictionary<string, bool>>
        {
            ["label"] = new Dictionary<string, bool> { [$"{ContainerLabels.Install}={_install()}"] = true },
            ["status"] = new Dictionary<string, bool> { ["exited"] = true, ["dead"] = true, ["created"] = true },
        };
        var ours = await DockerErrors.CallAsync(
            () => _client.Containers.ListContainersAsync(new ContainersListParameters { All = true, Filters = filter }, cancellationToken), cancellationToken);
        var collected = 0;
        foreach (var container in ours)
        {
            if (await FindAsync(container.ID, cancellationToken) is not { } found) continue;
            var over = Status(found) is ContainerStatus.Ended ended ? ended.EndedAt : new DateTimeOffset(found.Created.ToUniversalTime());
            if (over >= before || found.State?.Running == true) continue;
            await RemoveAsync(container.ID, cancellationToken);
            collected++;
        }

        return collected;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _network.Dispose();
        _client.Dispose();
    }

    private async Task<ContainerInspectResponse?> CreateAsync(ContainerSpec spec, CancellationToken cancellationToken)
    {
        var network = await _network.EnsureAsync(cancellationToken);
        try
        {
            await CreateAsync(DockerContainers.Parameters(spec, network, exactLogs: true), cancellationToken);
        }
        catch (DockerApiException e) when (e.Words().Contains("log", StringComparison.OrdinalIgnoreCase) && e.StatusCode != HttpStatusCode.Conflict)
        {
            // an engine that does not have the driver (Podman): its own keeps what it can
            await RefuseAsync(() => CreateAsync(DockerContainers.Parameters(spec, network, exactLogs: false), cancellationToken));
        }
        catch (DockerApiException e)
        {
            await RefuseAsync(() => Task.FromException(e));
        }

        // A name is taken before its container can be seen, so whoever was told of a conflict looks again for a while.
        for (var tries = 0; ; tries++)
        {
            var found = await FindAsync(spec.Name, cancellationToken);
            if (found is not null || tries == 100) return found;
            await Task.Delay(50, cancellationToken);
        }
    }

    /// <summary>
    /// A create that is cut off is done by the engine all the same, behind the back of whoever looks then: so one that has begun gets its time
    /// also where the caller lost interest.
    /// </summary>
    private async Task<CreateContainerResponse> CreateAsync(CreateContainerParameters parameters, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var patience = new CancellationTokenSource();
        await using var begun = cancellationToken.Register(() => patience.CancelAfter(s_createPatience));
        return await DockerErrors.CallAsync(() => _client.Containers.CreateContainerAsync(parameters, patience.Token), cancellationToken);
    }

    private static async Task RefuseAsync(Func<Task> create)
    {
        try
        {
            await create();
        }
        catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.Conflict)
        {
            // another worker, or an earlier life of this one, made it; it is the same container by its name
        }
        catch (DockerApiException e)
        {
            throw new ContainerRefusedException(Reasons.SchedulerError, $"Docker refused the container: {e.Words()}", e);
        }
    }

    /// <summary>Starts what was created; false where it was made for a network that is gone and has to be made anew.</summary>
    private async Task<bool> RunAsync(ContainerSpec spec, int tries, CancellationToken cancellationToken)
    {
        try
        {
            await DockerErrors.CallAsync(
                () => _client.Containers.StartContainerAsync(spec.Name, new ContainerStartParameters(), cancellationToken), cancellationToken);
            return true;
        }
        catch (DockerApiException e)
        {
            // Two workers may start one container at once, and one of them is told no; what there is now decides.
            if (await FindAsync(spec.Name, cancellationToken) is { State: { Status: not "created" } state } && state.ExitCode is not (126 or 127)) return true;
            await RemoveAsync(spec.Name, cancellationToken);
            if (tries < NetworkTries && e.StatusCode == HttpStatusCode.NotFound && e.Words().Contains("network", StringComparison.Ordinal))
            {
                _network.Forget();
                return false;
            }

            throw new ContainerRefusedException(Reasons.SchedulerError, NotStarted(spec, e.Words()), e);
        }
    }

    /// <summary>
    /// Kills at once, also beside a stop that is under way and has given the container its grace. The engine's own stop with a grace of nothing is
    /// not relied on for that.
    /// </summary>
    private async Task KillAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await DockerErrors.CallAsync(
                () => _client.Containers.KillContainerAsync(name, new ContainerKillParameters { Signal = "SIGKILL" }, cancellationToken), cancellationToken);
            await DockerErrors.CallAsync(() => _client.Containers.WaitContainerAsync(name, cancellationToken), cancellationToken);
        }
        catch (DockerApiException e) when (e.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            // it has ended, or is gone
        }
        catch (DockerApiException e)
        {
            throw DockerErrors.Unavailable(e);
        }
    }

    /// <summary>Why a container could not be started. An engine says that a command is not there in the words of its own insides.</summary>
    private static string NotStarted(ContainerSpec spec, string words)
    {
        var command = spec.Entrypoint.Concat(spec.Command).FirstOrDefault();
        if (command is not null && words.Contains("exec:", StringComparison.Ordinal))
        {
            if (words.Contains("not found", StringComparison.Ordinal) || words.Contains("no such file", StringComparison.Ordinal))
            {
                return $"The command '{command}' is not in the image {spec.Image}. See what is: docker run --rm -it {spec.Image} sh";
            }

            if (words.Contains("permission denied", StringComparison.Ordinal)) return $"The command '{command}' of the image {spec.Image} is not executable. Make it so when the image is built: chmod +x";
        }

        return $"Docker could not start the container: {words}";
    }

    private async Task RemoveAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await DockerErrors.CallAsync(
                () => _client.Containers.RemoveContainerAsync(name, new ContainerRemoveParameters { RemoveVolumes = true }, cancellationToken), cancellationToken);
        }
        catch (DockerApiException e) when (e.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            // gone, being removed, or running again: not ours to force
        }
    }

    private async Task<ContainerInspectResponse?> FindAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await DockerErrors.CallAsync(() => _client.Containers.InspectContainerAsync(name, cancellationToken), cancellationToken);
        }
        catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (DockerApiException e)
        {
            throw DockerErrors.Unavailable(e);
        }
    }

    private static ContainerStatus Status(ContainerInspectResponse? found) => found?.State switch
    {
        null => new ContainerStatus.Absent(),
        { Status: "created" } => new ContainerStatus.Created(),
        { Running: true } or { Paused: true } or { Restarting: true } => new ContainerStatus.Running(Time(found.State.StartedAt)),
        var state => new ContainerStatus.Ended(
            (int)state.ExitCode, state.OOMKilled, Time(state.StartedAt), Later(Time(state.StartedAt), Time(state.FinishedAt)), state.Error is { Length: > 0 } error ? error : null),
    };

    /// <summary>Docker notes the start after it began, so the end of an instant container can come before it.</summary>
    private static DateTimeOffset Later(DateTimeOffset started, DateTimeOffset finished) => finished > started ? finished : started;

    private static DateTimeOffset Time(string? text) =>
        DateTimeOffset.Parse(text ?? "", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
}
