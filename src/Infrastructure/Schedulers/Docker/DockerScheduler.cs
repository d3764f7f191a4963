using System.Diagnostics;
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
/// An engine starts a container that has ended once more if it is told to, so a container is started by its id and by whoever made it; what
/// somebody else made and did not start is removed and made anew. A start that comes late then finds its container gone.
/// Ended containers stay until <see cref="CollectAsync"/>, for inspection and so that their names are not used again, unless they are not to
/// be kept: then they go with their release.
/// </summary>
public sealed class DockerScheduler : IScheduler, IDisposable
{
    /// <summary>The network that every container of ours is in.</summary>
    public const string NetworkName = DockerNetwork.Name;

    /// <summary>How often a container is made anew because it, or its network, was removed between its creation and its start.</summary>
    private const int MostMade = 3;

    /// <summary>How long another worker may take from the creation of a container to its start, before it is taken for dead.</summary>
    private static readonly TimeSpan s_startPatience = TimeSpan.FromSeconds(2);

    /// <summary>How long the engine may take to make, or to remove, a container that is not wanted any more.</summary>
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
    public async Task<ContainerStarted> StartAsync(
        ContainerSpec spec, Func<CancellationToken, Task> permit, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var made = 0;
        while (true)
        {
            var found = await FindStartedAsync(spec.Name, cancellationToken);
            if (found is null)
            {
                await _images.EnsureAsync(spec, progress, cancellationToken);
                progress.Report("creating the container");
                if (await CreateAsync(spec, cancellationToken) is not { } id) continue;

                await PermittedAsync(id, permit, cancellationToken);
                if (!await RunAsync(spec, id, ++made == MostMade, cancellationToken)) continue;
                found = await FindAsync(id, cancellationToken);
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

    /// <summary>
    /// The container of that name that runs or ran; null where there is none any more. One that another worker made has its time to be started
    /// by that one, and is removed after it.
    /// </summary>
    private async Task<ContainerInspectResponse?> FindStartedAsync(string name, CancellationToken cancellationToken)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var found = await FindAsync(name, cancellationToken);
            if (found is not { State.Status: "created" }) return found;
            // Where it was started in this very moment the engine does not remove it.
            if (waited.Elapsed > s_startPatience) await RemoveAsync(found.ID, cancellationToken);
            else await Task.Delay(50, cancellationToken);
        }
    }

    /// <summary>Makes the container; its id, or null where somebody else did.</summary>
    private async Task<string?> CreateAsync(ContainerSpec spec, CancellationToken cancellationToken)
    {
        var network = await _network.EnsureAsync(cancellationToken);
        try
        {
            try
            {
                return await CreateAsync(DockerContainers.Parameters(spec, network, exactLogs: true), cancellationToken);
            }
            catch (DockerApiException e) when (e.Words().Contains("log", StringComparison.OrdinalIgnoreCase) && e.StatusCode != HttpStatusCode.Conflict)
            {
                // an engine that does not have the driver (Podman): its own keeps what it can
                return await CreateAsync(DockerContainers.Parameters(spec, network, exactLogs: false), cancellationToken);
            }
        }
        catch (DockerApiException e) when (e.StatusCode == HttpStatusCode.Conflict)
        {
            // Another worker, or an earlier life of this one, made it. A name is taken before its container can be seen.
            for (var tries = 0; tries < 100; tries++)
            {
                if (await FindAsync(spec.Name, cancellationToken) is not null) return null;
                await Task.Delay(50, cancellationToken);
            }

            throw new SchedulerUnavailableException($"The name {spec.Name} is taken by a container that the engine does not show.");
        }
        catch (DockerApiException e)
        {
            throw new ContainerRefusedException(Reasons.SchedulerError, $"Docker refused the container: {e.Words()}", e);
        }
    }

    /// <summary>
    /// A create that is cut off is done by the engine all the same, behind the back of whoever looks then: so one that has begun gets its time
    /// also where the caller lost interest.
    /// </summary>
    private async Task<string> CreateAsync(CreateContainerParameters parameters, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var patience = new CancellationTokenSource();
        await using var begun = cancellationToken.Register(() => patience.CancelAfter(s_createPatience));
        return (await DockerErrors.CallAsync(() => _client.Containers.CreateContainerAsync(parameters, patience.Token), cancellationToken)).ID;
    }

    /// <summary>Asks whether the created container may be started; one that may not is removed, for nobody else starts it.</summary>
    private async Task PermittedAsync(string id, Func<CancellationToken, Task> permit, CancellationToken cancellationToken)
    {
        try
        {
            await permit(cancellationToken);
        }
        catch (Exception)
        {
            using var patience = new CancellationTokenSource(s_createPatience);
            try
            {
                await RemoveAsync(id, patience.Token);
            }
            catch (Exception e) when (e is SchedulerUnavailableException or OperationCanceledException)
            {
                // It is removed by whoever takes the task over, or collected like one that ended.
            }

            throw;
        }
    }

    /// <summary>Starts what this worker created; false where that, or the network that it was made for, is gone and has to be made anew.</summary>
    private async Task<bool> RunAsync(ContainerSpec spec, string id, bool isLast, CancellationToken cancellationToken)
    {
        try
        {
            await DockerErrors.CallAsync(
                () => _client.Containers.StartContainerAsync(id, new ContainerStartParameters(), cancellationToken), cancellationToken);
            return true;
        }
        catch (DockerApiException e)
        {
            var found = await FindAsync(id, cancellationToken);
            if (found is { State: { Status: not "created" } state } && state.ExitCode is not (126 or 127)) return true;
            if (found is null && !isLast) return false;
            await RemoveAsync(id, cancellationToken);
            if (!isLast && e.StatusCode == HttpStatusCode.NotFound && e.Words().Contains("network", StringComparison.Ordinal))
            {
                _network.Forget();
                return false;
            }

            throw new ContainerRefusedException(Reasons.SchedulerError, DockerErrors.NotStarted(spec, e.Words()), e);
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

    /// <inheritdoc/>
    public async Task<string?> FindHostAsync(string name, CancellationToken cancellationToken) =>
        await FindAsync(name, cancellationToken) is { State.Running: true } found
            ? found.NetworkSettings?.Networks?.Values.Select(n => n.IPAddress).FirstOrDefault(a => !string.IsNullOrEmpty(a))
            : null;

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
