using System.Text.Json;
using Gofer.Application.Common;
using Gofer.Application.Runs;
using Gofer.Application.Triggers;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;
using Gofer.Tests.Integration.Engine;
using Gofer.Tests.Support.Engine;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>A test that drives the engine of triggers itself; each finds the install empty.</summary>
public abstract class TriggerQueueTest(QueueInstall shared) : EngineTest(shared)
{
    private DateTimeOffset _came;

    private protected (NamespaceId Namespace, PipelineId Pipeline) Home { get; private set; }

    private protected ITriggerQueue Triggers => Install.Services.GetRequiredService<ITriggerQueue>();

    private protected IHookInbox Inbox => Install.Services.GetRequiredService<IHookInbox>();

    /// <summary>A pipeline of one task.</summary>
    private protected async Task RegisterAsync(string id = "p", string more = "") => Home = await Install.RegisterAsync(OneTask(id, more), Ct);

    /// <summary>A trigger of it; <paramref name="json"/> without its id.</summary>
    private protected async Task<Trigger> AddAsync(string json, string id = "t")
    {
        using var parsed = JsonDocument.Parse($"{{\"id\":\"{id}\",{json}}}");
        var faults = new FaultList();
        var definition = TriggerReader.Read(JsonFields.Open(parsed.RootElement.Clone(), faults)!);
        Assert.True(faults.IsEmpty, faults.ToError()?.Message);
        await using var scope = Install.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IGoferDb>();
        var now = Install.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        var trigger = new Trigger(new TriggerId(Guid.CreateVersion7(now)), Home.Namespace, Home.Pipeline, id, TriggerSource.Api, now);
        trigger.Define(definition!, true, TriggerSource.Api, "default", now);
        db.Triggers.Add(trigger);
        await db.SaveChangesAsync(Ct);
        return trigger;
    }

    /// <summary>Lets the trigger be due since then, as after a time in which nothing could fire.</summary>
    private protected Task DueSinceAsync(Trigger trigger, string ago) =>
        ExecuteAsync($"update gofer.triggers set next_at = date_trunc('second', now()) - interval '{ago}', due_at = date_trunc('second', now()) - interval '{ago}' where id = '{trigger.Id}'");

    /// <summary>Passes until one has nothing to do now.</summary>
    private protected async Task SettleAsync()
    {
        for (var i = 0; i < 1000; i++)
        {
            if (await Triggers.PassAsync(Ct) != TimeSpan.Zero) return;
        }

        Assert.Fail("There is always something to do.");
    }

    /// <summary>Stores an event as a request to its URL does.</summary>
    private protected async Task<Guid> ComeAsync(Trigger trigger, string body = "{}", params string[] keys)
    {
        // Which of two came first is known by the millisecond; here each has one of its own.
        var now = Install.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        _came = now > _came.AddMilliseconds(1) ? now : _came.AddMilliseconds(1);
        var id = Guid.CreateVersion7(_came);
        await Inbox.AddAsync(
            new NewTriggerEvent(id, Home.Namespace, Home.Pipeline, trigger.Id, trigger.Name, EventKinds.Hook)
            {
                Body = System.Text.Encoding.UTF8.GetBytes(body),
                DedupeKeys = keys.Length > 0 ? keys : null,
            },
            Ct);
        return id;
    }

    /// <summary>The ledger, oldest first.</summary>
    private protected async Task<List<TriggerEventRow>> LedgerAsync()
    {
        await using var scope = Install.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IGoferDb>().TriggerEvents.AsNoTracking().OrderBy(e => e.ScheduledFor).ThenBy(e => e.Id).ToListAsync(Ct);
    }

    private protected async Task<TriggerEventRow> EventAsync(Guid id) => (await LedgerAsync()).Single(e => e.Id == id);

    /// <summary>The decisions of the ledger with how often each was made.</summary>
    private protected async Task<Dictionary<string, int>> DecisionsAsync() =>
        (await LedgerAsync()).GroupBy(e => e.Decision ?? "open").ToDictionary(g => g.Key, g => g.Count());

    private protected async Task<List<RunRow>> RunsAsync()
    {
        await using var scope = Install.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IGoferDb>().Runs.AsNoTracking().OrderBy(r => r.Number).ToListAsync(Ct);
    }

    /// <summary>Ends every run that is there, as a worker would.</summary>
    private protected async Task EndRunsAsync(int exitCode = 0)
    {
        var worker = await WorkAsync();
        while (await ClaimAsync(worker, 100) is { Count: > 0 } claimed) await FinishAsync(worker, claimed, exitCode);
    }
}
