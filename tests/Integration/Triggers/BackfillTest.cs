using Gofer.Application.Access;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Application.Runs;
using Gofer.Application.Triggers;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers;
using Gofer.Infrastructure.Postgres.Triggers;
using Gofer.Tests.Integration.Engine;
using MediatR;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Triggers;

/// <summary>A test that asks for backfills by their use cases and drives the passes of the engine itself.</summary>
public abstract class BackfillTest(QueueInstall shared) : TriggerQueueTest(shared)
{
    /// <summary>The first of the times: past whenever this runs.</summary>
    private protected static readonly DateTimeOffset NewYear = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private protected static NamespaceScope Scope => Caller.Anybody.In("default");

    /// <summary>The step that makes events, without the one that decides them.</summary>
    private protected BackfillSteps Steps => Install.Services.GetRequiredService<BackfillSteps>();

    /// <summary>A trigger of each midnight, and its pipeline.</summary>
    private protected async Task<Trigger> DailyAsync(string more = "", string pipeline = "")
    {
        await RegisterAsync("p", pipeline);
        return await AddAsync($"\"type\":\"cron\",\"expression\":\"0 0 * * *\"{(more.Length > 0 ? "," : "")}{more}");
    }

    /// <summary>Asks for so many days of the trigger, so many at a time.</summary>
    private protected async Task<BackfillId> BackfillAsync(int days, int parallel, Func<BackfillOrder, BackfillOrder>? more = null)
    {
        var made = await AskAsync(days, parallel, more);
        Assert.True(made.IsOk, made.Error?.Message);
        return new BackfillId(Guid.Parse(made.Value.Answer.Location!.Split('/')[^1]));
    }

    private protected Task<Result<CreateAnswer>> AskAsync(int days, int parallel, Func<BackfillOrder, BackfillOrder>? more = null)
    {
        var order = new BackfillOrder(NewYear, NewYear.AddDays(days)) { Parallel = parallel };
        return SendAsync<CreateBackfillHandler, CreateBackfill, Result<CreateAnswer>>(new CreateBackfill(Scope, "p", "t", more?.Invoke(order) ?? order, "somebody", null));
    }

    private protected Task<Result<BackfillView>> CancelAsync(BackfillId id) =>
        SendAsync<CancelBackfillHandler, CancelBackfill, Result<BackfillView>>(new CancelBackfill(Scope, "p", id.ToString()));

    private protected Task<Result<BackfillView>> PauseAsync(BackfillId id, bool paused) =>
        SendAsync<UpdateBackfillHandler, UpdateBackfill, Result<BackfillView>>(new UpdateBackfill(Scope, "p", id.ToString(), paused));

    private protected async Task<BackfillView> ViewAsync(BackfillId id) =>
        (await SendAsync<GetBackfillHandler, GetBackfill, Result<BackfillView>>(new GetBackfill(Scope, "p", id.ToString()))).Value;

    /// <summary>The times of its events with the number of the run that each has, in the order of the runs.</summary>
    private protected async Task<List<DateTimeOffset>> RanAsync() =>
        [.. (await LedgerAsync()).Where(e => e is { Kind: EventKinds.Backfill, Decision: Decisions.Ran }).OrderBy(e => e.Run).Select(e => e.ScheduledFor!.Value)];

    /// <summary>Something done with the database of a use case.</summary>
    private protected async Task<T> WithAsync<T>(Func<IGoferDb, Task<T>> work)
    {
        await using var scope = Install.Services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<IGoferDb>());
    }

    private protected Task<int> DeleteTriggerAsync(Trigger trigger) => WithAsync(db => db.Triggers.Where(t => t.Id == trigger.Id).ExecuteDeleteAsync(Ct));

    private protected async Task<TAnswer> SendAsync<THandler, TRequest, TAnswer>(TRequest request)
        where THandler : IRequestHandler<TRequest, TAnswer>
        where TRequest : IRequest<TAnswer>
    {
        await using var scope = Install.Services.CreateAsyncScope();
        var caller = new CurrentCaller { Caller = Caller.Anybody };
        var services = new ServiceCollection()
            .AddSingleton(new AuditTrail(scope.ServiceProvider.GetRequiredService<IGoferDb>(), caller))
            .AddSingleton(scope.ServiceProvider.GetRequiredService<IGoferDb>()).AddSingleton(scope.ServiceProvider.GetRequiredService<IBackfillStore>())
            .AddSingleton(scope.ServiceProvider.GetRequiredService<ITriggerQueue>()).AddSingleton(scope.ServiceProvider.GetRequiredService<IRunWriter>())
            .AddSingleton(scope.ServiceProvider.GetRequiredService<TimeProvider>());
        await using var provider = services.BuildServiceProvider();
        return await ActivatorUtilities.CreateInstance<THandler>(provider).Handle(request, Ct);
    }
}
