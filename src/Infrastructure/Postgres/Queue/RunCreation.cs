using System.Text.Json;
using Gofer.Application.Pipelines;
using Gofer.Application.Runs;
using Gofer.Application.SharedTasks;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using Gofer.Domain.SharedTasks;
using Npgsql;

namespace Gofer.Infrastructure.Postgres.Queue;

/// <summary>
/// One transaction that creates the runs of several orders: idempotency keys first (sorted), then pipeline heads (sorted), then what
/// the heads decide. Who changes a head afterwards finds these runs; who changed it before was seen.
/// </summary>
internal sealed class RunCreation(
    EngineTransaction transactions, IVersionGraphs versions, ISharedTasks shared, RunReader reader, RunIds ids, DocumentLimits limits, TimeProvider clock)
{
    /// <summary>An answer for each order, in their order. No two of the orders carry the same idempotency key.</summary>
    public Task<Creation> CreateAsync(IReadOnlyList<CreateOrder> orders, CancellationToken cancellationToken) =>
        transactions.RunAsync((session, token) => CreateAsync(session, orders, null, token), cancellationToken);

    /// <summary>The same in a transaction that is under way, which it commits with what <paramref name="beside"/> adds to the writes once the answers are known.</summary>
    public async Task<Creation> CreateAsync(
        EngineSession session, IReadOnlyList<CreateOrder> orders, Action<Writes, IReadOnlyList<Result<CreateAnswer>>>? beside, CancellationToken cancellationToken)
    {
        var answers = new Result<CreateAnswer>?[orders.Count];
        var keyed = Enumerable.Range(0, orders.Count).Where(i => orders[i].Claim is not null).ToList();
        if (keyed.Count > 0) await IdempotencyKeys.TakeAsync(session, orders, keyed, answers, cancellationToken);

        var open = Enumerable.Range(0, orders.Count).Where(i => answers[i] is null).ToList();
        var heads = await CreationHead.LockAsync(session, [.. open.Select(i => orders[i].Pipeline).Distinct()], cancellationToken);
        var built = new List<(int Order, List<Newborn> Runs)>();
        // What is held stays what it is: one look for all runs of a version.
        var pins = new Dictionary<(PipelineId, int), Dictionary<string, SharedTaskPin>>();
        foreach (var i in open)
        {
            var created = await BuildAsync(session, pins, orders[i], heads.GetValueOrDefault(orders[i].Pipeline), cancellationToken);
            if (created.Error is { } error) answers[i] = error;
            else built.Add((i, created.Value));
        }

        var now = clock.GetUtcNow();
        var superseded = await SupersedeAsync(session, heads.Values, [.. built.SelectMany(b => orders[b.Order].Supersedes)], now, cancellationToken);
        var runs = built.SelectMany(b => b.Runs).ToList();
        var gate = await SlotGate.DecideAsync(session, [.. runs.Select(r => r.Loaded)], now, cancellationToken);

        var answered = new List<(CreateOrder Order, StoredAnswer Answer)>();
        foreach (var (i, newborn) in built)
        {
            var answer = orders[i].Render([.. newborn.Select(n => n.Row())]);
            answers[i] = new CreateAnswer(answer, Replayed: false);
            answered.Add((orders[i], answer));
        }

        var writes = new Writes();
        RunWrites.Update(writes, superseded);
        if (runs.Count > 0)
        {
            RunWrites.Insert(writes, [.. runs.Select(r => (r.Loaded, r.Row(), r.Ordered.Trigger))]);
            writes.Add(CreationHead.Write(heads.Values));
        }

        gate.Write(writes);
        // Only what was done is remembered: a refused order's key may be used again.
        var refused = open.Where(i => answers[i]!.Value.Error is not null && orders[i].Claim is not null).Select(i => orders[i].Claim!).ToList();
        IdempotencyKeys.Keep(writes, [.. answered.Where(a => a.Order.Claim is not null).Select(a => (a.Order.Claim!, a.Answer))], refused);
        beside?.Invoke(writes, [.. answers.Select(a => a!.Value)]);
        await session.CommitAsync(writes, cancellationToken);
        return new Creation([.. answers.Select(a => a!.Value)], [.. superseded.Select(r => r.Pipeline).Distinct()]);
    }

    /// <summary>Cancels the older runs whose place newer ones take.</summary>
    private async Task<IReadOnlyCollection<LoadedRun>> SupersedeAsync(
        EngineSession session, IEnumerable<CreationHead> heads, IReadOnlyList<RunId> replaced, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var ids = new HashSet<RunId>(replaced);
        foreach (var head in heads) ids.UnionWith(await head.SupersedeAsync(session, now, cancellationToken));
        if (ids.Count == 0) return [];
        var runs = await reader.LoadWholeAsync(session, [.. ids], cancellationToken);
        return [.. runs.Values.Where(r => r.Run.Cancel(CreationHead.TookItsPlace, now, Reasons.Superseded))];
    }

    private async Task<Result<List<Newborn>>> BuildAsync(
        EngineSession session, Dictionary<(PipelineId, int), Dictionary<string, SharedTaskPin>> known, CreateOrder order, CreationHead? head, CancellationToken cancellationToken)
    {
        if (head is null || head.Deleted) return new Error(ErrorKind.NotFound, ErrorCodes.PipelineNotFound, "The pipeline was deleted.");
        if (head.Paused)
        {
            return new Error(ErrorKind.Conflict, ErrorCodes.PipelinePaused, "The pipeline is paused and takes no new runs. Resume it first.");
        }

        var prepared = new List<Prepared>(order.Runs.Count);
        var faults = new List<Fault>();
        for (var i = 0; i < order.Runs.Count; i++)
        {
            var run = order.Runs[i];
            if (run.Version is { } asked && (asked < 1 || asked > head.LastVersion))
            {
                return new Error(
                    ErrorKind.NotFound, ErrorCodes.VersionNotFound,
                    $"The pipeline has no version {asked}; its versions are 1 to {head.LastVersion}.");
            }

            var version = run.Version ?? head.LiveVersion;
            var graph = await versions.GetAsync(order.Pipeline, version, cancellationToken);
            var parameters = ParamValues.Resolve(graph.Document.Params, run.Params, limits, Fault.At(order.PointerOf(i), "params"));
            if (parameters.Error is { } refused)
            {
                faults.AddRange(refused.Faults!);
                continue;
            }

            var pins = known.GetValueOrDefault((order.Pipeline, version));
            if (pins is null && graph.Uses.Count > 0)
            {
                pins = known[(order.Pipeline, version)] = await SharedTaskRows.ResolveAsync(session, order.Namespace, graph.Uses, cancellationToken);
            }

            if (pins is not null && await UnusableAsync(graph, pins, parameters.Value, order.PointerOf(i), cancellationToken) is { } unusable) return unusable;
            prepared.Add(new Prepared(run, version, graph, parameters.Value, pins));
        }

        if (faults.Count > 0) return Error.Invalid(faults);
        // Nothing is refused from here on, so a number that is taken is used.
        return prepared.ConvertAll(p => Build(order, head, p));
    }

    /// <summary>What is wrong with the shared tasks of a run: none fits any more, or what the run's parameters come to is nothing that it takes.</summary>
    private async Task<Error?> UnusableAsync(
        VersionGraph graph, Dictionary<string, SharedTaskPin> pins, Dictionary<string, string> parameters, string at, CancellationToken cancellationToken)
    {
        var (missing, wrong) = (new List<Fault>(), new List<Fault>());
        foreach (var uses in graph.Uses.Where(u => !pins.ContainsKey(u))) missing.Add(new Fault(at, SharedTaskProblems.Missing(uses)));
        if (missing.Count > 0) return SharedTaskProblems.NotFound(missing);
        foreach (var task in graph.Document.Tasks.Where(t => t.Uses is not null))
        {
            // It is held, so it is there.
            var definition = await shared.GetAsync(new SharedTaskVersionId(pins[task.Uses!].Id), cancellationToken);
            wrong.AddRange(TaskInputs.Check(definition!, task.With, parameters, limits).Select(f => new Fault(
                f.Parameter is null ? at : Fault.At(Fault.At(at, "params"), f.Parameter), $"The task '{task.Id}' uses {task.Uses}, now version {pins[task.Uses!].Version}. {f.Message}")));
        }

        return wrong.Count > 0 ? Error.Invalid(wrong) : null;
    }

    private Newborn Build(CreateOrder order, CreationHead head, Prepared prepared)
    {
        var (ordered, version, graph, parameters, pins) = prepared;
        var now = clock.GetUtcNow();
        var reused = ordered.Rerun?.Reused
            .Select(r => (Index: graph.Graph.IndexOf(r.Key), r.Value)).Where(r => r.Index is not null).ToDictionary(r => r.Index!.Value, r => r.Value);
        var run = Run.Create(
            ids.Next(now), graph.Graph, now, ordered.Priority ?? head.Priority, head.NamespaceLimit > 0 || head.InstallLimit > 0, reused);
        var loaded = new LoadedRun(run, order.Namespace, order.Pipeline, head.NextNumber(), version, graph, ordered.Variables, parameters)
        {
            NamespaceLimit = head.NamespaceLimit,
            InstallLimit = head.InstallLimit,
            SharedTasks = pins,
        };
        head.Place(loaded, now);
        return new Newborn(loaded, ordered, now);
    }

    /// <summary>A run that can be created.</summary>
    private sealed record Prepared(NewRun Run, int Version, VersionGraph Graph, Dictionary<string, string> Params, Dictionary<string, SharedTaskPin>? SharedTasks);

    /// <summary>A run that is being created, with what was ordered.</summary>
    private sealed record Newborn(LoadedRun Loaded, NewRun Ordered, DateTimeOffset At)
    {
        /// <summary>Its row as it stands now.</summary>
        public RunRow Row()
        {
            var document = Loaded.Graph.Document;
            var labels = new Dictionary<string, string>(document.Labels);
            foreach (var (key, value) in Ordered.Labels) labels[key] = value;
            return new RunRow
            {
                Id = Loaded.Id,
                NamespaceId = Loaded.Namespace,
                PipelineId = Loaded.Pipeline,
                Number = Loaded.Number,
                Version = Loaded.Version,
                VersionReason = Ordered.Trigger?.VersionReason
                    ?? (Ordered.Rerun is not null ? VersionReasons.Rerun : Ordered.Version is null ? VersionReasons.Live : VersionReasons.Pinned),
                State = Loaded.Run.State,
                Reason = Loaded.Run.Reason,
                Message = Loaded.Run.Message,
                Trigger = Ordered.Trigger?.Name ?? "manual",
                Variables = new Dictionary<string, string>(Ordered.Variables),
                Params = document.Params.Where(p => Loaded.Params.ContainsKey(p.Name)).ToDictionary(p => p.Name, p => Json(ParamDefinition.Json(p.Type, Loaded.Params[p.Name]))),
                SharedTasks = Loaded.SharedTasks,
                Labels = labels,
                Priority = (short)Loaded.Run.Priority,
                RerunOf = Ordered.Rerun?.Number,
                CreatedAt = At,
                StartedAt = Loaded.Run.StartedAt,
                EndedAt = Loaded.Run.EndedAt,
                CancelRequestedAt = Loaded.Run.CancelRequestedAt,
                EventSeq = Loaded.Run.EventSeq,
            };
        }

        private static JsonElement Json(string text)
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.Clone();
        }
    }
}

/// <summary>What a creation came to; <paramref name="Superseded"/> are pipelines in which older runs are being cancelled for it.</summary>
internal sealed record Creation(Result<CreateAnswer>[] Answers, IReadOnlyList<PipelineId> Superseded);
