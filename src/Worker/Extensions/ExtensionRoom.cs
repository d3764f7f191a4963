using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Gofer.Application.Extensions;
using Gofer.Application.Logs;
using Gofer.Application.Schedulers;
using Gofer.Domain.Extensions;
using Gofer.Domain.Secrets;

namespace Gofer.Worker.Extensions;

/// <summary>
/// The container of an extension: started once for each definition, found again by whoever holds the extension next. Before one is started its name is recorded, and
/// before the record of one is taken away it is gone, so none is ever forgotten.
/// </summary>
internal sealed class ExtensionRoom(ExtensionTools tools, HeldExtension held, string backend) : IDisposable
{
    /// <summary>How long it may take to end by itself.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(10);

    /// <summary>How long its last output is waited for.</summary>
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(5);

    private int _generation = held.Generation;
    private ExtensionContainer? _container = held.Container;
    private long _stdout = held.Stdout;
    private long _stderr = held.Stderr;
    private readonly HashSet<string> _hidden = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private MaskSet _masks = MaskSet.None;
    private CancellationTokenSource _remasked = new();
    private TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _said = Task.CompletedTask;

    public ExtensionHold Hold => held.Hold;

    public string Name => held.Name;

    /// <summary>Whether a container of it may live.</summary>
    public bool HasContainer => _container is not null;

    /// <summary>Says what must not be read in the extension's output from now on.</summary>
    public void Hide(IEnumerable<string> secrets)
    {
        CancellationTokenSource earlier;
        lock (_gate)
        {
            var before = _hidden.Count;
            _hidden.UnionWith(secrets);
            if (_hidden.Count == before) return;
            _masks = MaskSet.Of(_hidden);
            (earlier, _remasked) = (_remasked, new CancellationTokenSource());
        }

        // Whoever reads begins anew behind what was stored: what was held back is judged by the new set.
        earlier.Cancel();
        earlier.Dispose();
    }

    public void Dispose() => _remasked.Dispose();

    /// <summary>Makes sure that the container of that definition runs, and answers where it listens. One of another definition is ended first.</summary>
    public async Task<Uri> StartAsync(ExtensionDefinition definition, string text, string token, CancellationToken cancellationToken)
    {
        if (_container is { } old && (old.Definition != text || old.Backend != backend)) await EndAsync(cancellationToken, next: ExtensionState.Starting);
        var environment = await EnvironmentAsync(definition, token, cancellationToken);
        if (_container is not { } container)
        {
            container = new ExtensionContainer(NameOf(_generation + 1), _generation + 1, text, FreePort(), backend);
            // A crash behind this leaves the name of a container that was never started: the next holder starts it.
            await tools.Board.ContainerAsync(Hold, container, cancellationToken);
            (_container, _generation, _stdout, _stderr) = (container, container.Generation, 0, 0);
        }

        environment["GOFER_EXTENSION_LISTEN"] = string.Create(CultureInfo.InvariantCulture, $"{tools.Scheduler.ListenAddress}:{container.Port}");
        var login = definition.RegistryAuth;
        var spec = new ContainerSpec
        {
            Name = container.Name,
            Labels = new Dictionary<string, string>(tools.Install.Labels) { [ContainerLabels.Install] = tools.Install.Id.ToString(), [ContainerLabels.Extension] = Name },
            Image = definition.Image,
            Entrypoint = definition.Entrypoint,
            Command = definition.Command,
            Environment = environment,
            WorkingDir = definition.WorkingDir,
            User = definition.User,
            CpuMillis = definition.Resources.CpuMillis,
            MemoryBytes = definition.Resources.MemoryBytes,
            AlwaysPull = definition.AlwaysPullNewestImage,
            RegistryAuth = login is null ? null : (login.User, await tools.ValueAsync("registry_auth", login.Pass, cancellationToken)),
        };
        _drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Asked right before the step that makes it run: a worker that stood still starts nothing that the next holder does not know of.
        await tools.Scheduler.StartAsync(spec, token => tools.Board.StateAsync(Hold, ExtensionState.Starting, null, null, token), new Progress(this), cancellationToken);
        await _said;
        if (await tools.Scheduler.InspectAsync(container.Name, cancellationToken) is not ContainerStatus.Running)
        {
            await DrainAsync(container, cancellationToken).WaitAsync(s_drain, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw await EndedAsync(container, cancellationToken);
        }

        var host = await tools.Scheduler.FindHostAsync(container.Name, cancellationToken)
            ?? throw new ExtensionSetupException($"This worker cannot reach containers of the scheduler '{tools.Scheduler.Kind}' over the network. Run the extension elsewhere, and install it by its endpoint.");
        return new Uri(string.Create(CultureInfo.InvariantCulture, $"http://{host}:{container.Port}"));
    }

    /// <summary>Throws once the container has ended.</summary>
    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        var container = _container!;
        await tools.Scheduler.WaitAsync(container.Name, cancellationToken);
        // What it wrote last says why it ended.
        await _drained.Task.WaitAsync(s_drain, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        throw await EndedAsync(container, cancellationToken);
    }

    /// <summary>Stores what the container writes, secrets masked, until it has ended and all of it was read.</summary>
    public async Task PumpAsync(CancellationToken cancellationToken)
    {
        await DrainAsync(_container!, cancellationToken);
        _drained.TrySetResult();
        // The end is for whoever waits for the container to tell.
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }

    private async Task DrainAsync(ExtensionContainer container, CancellationToken cancellationToken)
    {
        while (true)
        {
            CancellationToken remasked;
            MaskSet masks;
            lock (_gate) (remasked, masks) = (_remasked.Token, _masks);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, remasked);
            try
            {
                await DrainAsync(container, masks, either.Token);
                return;
            }
            catch (OperationCanceledException) when (remasked.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                // from where it was stored, by the new set
            }
        }
    }

    private async Task DrainAsync(ExtensionContainer container, MaskSet masks, CancellationToken cancellationToken)
    {
        var lanes = new Dictionary<LogStream, Lane> { [LogStream.Stdout] = new(masks), [LogStream.Stderr] = new(masks) };
        await foreach (var piece in tools.Scheduler.ReadLogsAsync(container.Name, _stdout, _stderr, cancellationToken))
        {
            lanes[piece.Stream].Add(piece.Bytes.Span);
            await StoreAsync(piece.Stream);
        }

        foreach (var (stream, lane) in lanes)
        {
            lane.Finish();
            await StoreAsync(stream);
        }

        async Task StoreAsync(LogStream stream)
        {
            // What is held back, since it may begin a secret, is not counted: whoever goes on after a crash reads it again.
            var (bytes, raw) = lanes[stream].Take();
            if (raw == 0) return;
            var offset = (stream == LogStream.Stdout ? _stdout : _stderr) + raw;
            await tools.Board.LogAsync(Hold, container.Generation, stream, offset, bytes, cancellationToken);
            if (stream == LogStream.Stdout) _stdout = offset;
            else _stderr = offset;
        }
    }

    /// <summary>Ends the container, which is asked by <paramref name="link"/> first where there is one, and says so.</summary>
    public async Task EndAsync(CancellationToken cancellationToken, IExtensionLink? link = null, ExtensionState next = ExtensionState.Stopped)
    {
        if (_container is { } container)
        {
            if (link is not null)
            {
                try
                {
                    await link.ShutdownAsync(cancellationToken);
                    await tools.Scheduler.WaitAsync(container.Name, cancellationToken).WaitAsync(s_grace, cancellationToken);
                }
                catch (Exception e) when (e is ExtensionUnavailableException or ExtensionProtocolException or TimeoutException)
                {
                    // then by force
                }
            }

            await tools.Scheduler.StopAsync(container.Name, s_grace, cancellationToken);
            await tools.Scheduler.ReleaseAsync(container.Name, cancellationToken);
        }

        await tools.Board.GoneAsync(Hold, next, null, cancellationToken);
        _container = null;
    }

    /// <summary>Ends the container at once: it failed.</summary>
    public async Task KillAsync(string reason, CancellationToken cancellationToken)
    {
        if (_container is { } container)
        {
            await tools.Scheduler.StopAsync(container.Name, TimeSpan.Zero, cancellationToken);
            await tools.Scheduler.ReleaseAsync(container.Name, cancellationToken);
        }

        await tools.Board.GoneAsync(Hold, ExtensionState.Failing, reason, cancellationToken);
        _container = null;
    }

    private async Task<Dictionary<string, string>> EnvironmentAsync(ExtensionDefinition definition, string token, CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string> { ["GOFER_EXTENSION_ID"] = Name, ["GOFER_EXTENSION_TOKEN"] = token };
        List<string> hidden = [token];
        foreach (var (name, value) in definition.Settings)
        {
            var plain = environment[$"SETTING_{name.ToUpperInvariant()}"] = await tools.ValueAsync(name, value, cancellationToken);
            if (plain != value) hidden.Add(plain);
        }

        Hide(hidden);
        return environment;
    }

    /// <summary>Why the container runs no more.</summary>
    private async Task<ExtensionEndedException> EndedAsync(ExtensionContainer container, CancellationToken cancellationToken)
    {
        var status = await tools.Scheduler.InspectAsync(container.Name, cancellationToken);
        return new ExtensionEndedException(status is ContainerStatus.Ended ended
            ? string.Create(CultureInfo.InvariantCulture, $"Its container ended with exit code {ended.ExitCode}{(ended.OutOfMemory ? ", out of memory" : "")}. 'gofer extension logs {Name}' shows what it wrote.")
            : "Its container is gone.");
    }

    private string NameOf(int generation) => string.Create(
        CultureInfo.InvariantCulture, $"gofer-{tools.Install.Id.ToString("N")[..8]}-ext-{Hold.Extension.Value:N}-{generation}");

    /// <summary>A port that is free on this machine now. Should somebody take it first, the extension ends, and the next one gets another.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>One stream on its way into the log.</summary>
    private sealed class Lane(MaskSet masks) : IMaskedOutput
    {
        private readonly Masker _masker = new(masks);
        private readonly ArrayBufferWriter<byte> _bytes = new();
        private long _raw;

        public void Add(ReadOnlySpan<byte> bytes) => _masker.Add(bytes, this);

        public void Finish() => _masker.Finish(this);

        /// <summary>What came out since the last time, and how many bytes of the container's that were.</summary>
        public (byte[] Bytes, long Raw) Take()
        {
            var taken = (_bytes.WrittenSpan.ToArray(), _raw);
            _bytes.ResetWrittenCount();
            _raw = 0;
            return taken;
        }

        public void Plain(ReadOnlySpan<byte> bytes)
        {
            _bytes.Write(bytes);
            _raw += bytes.Length;
        }

        public void Hidden(int length, bool begins)
        {
            if (begins) _bytes.Write(Masker.Mask);
            _raw += length;
        }
    }

    /// <summary>What the start waits for is the extension's message.</summary>
    private sealed class Progress(ExtensionRoom room) : IProgress<string>
    {
        public void Report(string value) => room.Say(value);
    }

    /// <summary>One after the other, and none after the start is through. That one cannot be said is no matter.</summary>
    private void Say(string message) => _said = SayAsync(_said, message);

    private async Task SayAsync(Task before, string message)
    {
        await before;
        await tools.Board.StateAsync(Hold, ExtensionState.Starting, message, null, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}

/// <summary>The extension's container ended, or the extension did not answer for too long.</summary>
internal sealed class ExtensionEndedException(string message) : Exception(message);
