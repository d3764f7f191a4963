using System.Diagnostics;
using Gofer.Application.Common;
using Gofer.Application.Runs;
using Gofer.Application.Schedulers;
using Gofer.Application.Secrets;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Domain.Secrets;
using Gofer.Infrastructure.Postgres.Secrets;
using Gofer.Infrastructure.Schedulers.Process;
using Gofer.Worker;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Integration.Engine;

/// <summary>What a worker makes of a task whose secrets do not open, or whose store is away.</summary>
public sealed class TaskSecretTests(QueueInstall shared) : EngineTest(shared)
{
    private const string Waits = "a store does not answer";

    private ISecretStore Store => Install.Services.GetRequiredService<ISecretStore>();

    [Theory]
    [InlineData("value = set_byte(value, length(value) / 2, get_byte(value, length(value) / 2) # 1)", "The pipeline secret 'token' does not open: it was altered")]
    [InlineData("version = version + 1", "The pipeline secret 'token' does not open: it was altered")]
    [InlineData("key_name = 'gone'", "The pipeline secret 'token' was sealed with the key 'gone'")]
    [InlineData("owner = gen_random_uuid()", "There is no pipeline ('p') secret 'token'.")]
    public async Task A_secret_that_somebody_altered_in_the_database_fails_the_run_as_missing_and_nothing_is_started(string change, string message)
    {
        var pipeline = await RegisterAsync("p");
        await SetAsync(pipeline);
        await WorkingAsync(store => store, async folder =>
        {
            await ExecuteAsync($"update gofer.secrets set {change}");
            await FailsAsync(pipeline, message, folder);
        });
    }

    [Fact]
    public async Task A_secret_that_was_moved_here_from_another_pipeline_fails_the_run_as_missing()
    {
        var (here, there) = (await RegisterAsync("p"), await RegisterAsync("q"));
        await SetAsync(there);
        await ExecuteAsync($"update gofer.secrets set owner = '{here.Pipeline.Value}'");
        await WorkingAsync(store => store, folder => FailsAsync(here, "The pipeline secret 'token' does not open: it was altered", folder));
    }

    [Fact]
    public async Task A_store_that_is_away_is_waited_for_and_the_task_says_so()
    {
        var pipeline = await RegisterAsync("p");
        await SetAsync(pipeline);
        var away = new Away();
        await WorkingAsync(store => away.From(store), async _ =>
        {
            var run = await Install.CreateRunAsync(pipeline, Ct);
            await WaitsAsync(run);
            away.IsAway = false;
            Assert.Equal(RunState.Succeeded, (await Install.WaitForEndAsync(run.Id, TimeSpan.FromSeconds(60), Ct)).State);
        });
    }

    [Fact]
    public async Task A_task_that_waits_for_a_store_is_cancelled_without_it_and_nothing_is_started()
    {
        var pipeline = await RegisterAsync("p");
        await SetAsync(pipeline);
        var away = new Away();
        await WorkingAsync(store => away.From(store), async folder =>
        {
            var run = await Install.CreateRunAsync(pipeline, Ct);
            await WaitsAsync(run);
            Assert.True((await Install.Writer.CancelAsync(run.Id, null, Ct)).IsOk);
            Assert.Equal(RunState.Cancelled, (await Install.WaitForEndAsync(run.Id, TimeSpan.FromSeconds(60), Ct)).State);
            Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(folder, "tasks")));
        });
    }

    [Fact]
    public async Task Who_lost_a_task_keeps_nothing_beside_it_and_learns_that_it_did()
    {
        var pipeline = await RegisterAsync("p");
        await SetAsync(pipeline);
        await Install.CreateRunAsync(pipeline, Ct);
        var secrets = Install.Services.GetRequiredService<ITaskSecrets>();
        var worker = await WorkAsync();
        var lost = Assert.Single(await ClaimAsync(worker));
        await Install.ExpireLeaseAsync(worker, Ct);
        await SweepAsync();
        Assert.Null(await secrets.ResolveAsync(lost, Ct));
        Assert.Equal(0, await CountAsync("attempt_secrets"));

        var held = Assert.Single(await ClaimAsync(await WorkAsync()));
        Assert.Equal("correct horse", Assert.Single((await secrets.ResolveAsync(held, Ct))!.Value.Value.Values).Value);
        Assert.Equal(1, await CountAsync("attempt_secrets"));
    }

    private Task<(NamespaceId Namespace, PipelineId Pipeline)> RegisterAsync(string id) => Install.RegisterAsync(
        $$$"""{"id":"{{{id}}}","tasks":[{"id":"t","image":"i","command":["true"],"variables":{"X":"pipeline_secret{{token}}"},"retry":{"max_attempts":3,"initial_delay":"0s"}}]}""", Ct);

    private Task<SecretInfo?> SetAsync((NamespaceId Namespace, PipelineId Pipeline) pipeline) =>
        Store.PutAsync(new SecretScope.OfPipeline(pipeline.Namespace, pipeline.Pipeline), "token", SecretText.Of("correct horse").Value, null, Ct);

    /// <summary>With a worker that runs processes and reads secrets from <paramref name="choose"/> of the real store; its folder is given along.</summary>
    private async Task WorkingAsync(Func<ISecretStore, ISecretStore> choose, Func<string, Task> act)
    {
        var folder = Directory.CreateTempSubdirectory("gofer-secrets-").FullName;
        try
        {
            using var scheduler = new ProcessScheduler(folder, TimeProvider.System);
            var worker = await Install.AddHostAsync(
                services => services.AddSingleton<IScheduler>(scheduler).AddGoferWorker()
                    .AddSingleton(provider => choose(ActivatorUtilities.CreateInstance<PostgresSecretStore>(provider))),
                Ct);
            await act(folder);
            await worker.StopAsync(Ct);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task FailsAsync((NamespaceId Namespace, PipelineId Pipeline) pipeline, string message, string folder)
    {
        var run = await Install.CreateRunAsync(pipeline, Ct);
        Assert.Equal(RunState.Failed, (await Install.WaitForEndAsync(run.Id, TimeSpan.FromSeconds(60), Ct)).State);
        var task = Assert.Single(await Install.TasksAsync(run.Id, Ct));
        Assert.Equal((TaskState.Failed, Reasons.MissingSecret, 1), (task.State, task.Reason, task.Attempt));
        Assert.StartsWith(message, task.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(folder, "tasks")));
    }

    private async Task WaitsAsync(RunRow run)
    {
        for (var patience = Stopwatch.StartNew(); (await Install.TasksAsync(run.Id, Ct))[0].Message?.Contains(Waits, StringComparison.Ordinal) is not true; await Task.Delay(20, Ct))
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(60), "The task does not say that it waits for the store.");
    }

    /// <summary>A store that answers nothing until it is back.</summary>
    private sealed class Away : ISecretStore
    {
        private volatile bool _isAway = true;
        private ISecretStore _inner = null!;

        public bool IsAway
        {
            set => _isAway = value;
        }

        public Away From(ISecretStore inner)
        {
            _inner = inner;
            return this;
        }

        public Task<SecretInfo?> FindAsync(SecretScope scope, string key, CancellationToken cancellationToken) => Here().FindAsync(scope, key, cancellationToken);

        public Task<StoredSecret?> ReadAsync(SecretScope scope, string key, CancellationToken cancellationToken) => Here().ReadAsync(scope, key, cancellationToken);

        public Task<SecretInfo?> PutAsync(SecretScope scope, string key, SecretText value, IReadOnlyList<string>? namespaces, CancellationToken cancellationToken) =>
            Here().PutAsync(scope, key, value, namespaces, cancellationToken);

        public Task<bool> DeleteAsync(SecretScope scope, string key, CancellationToken cancellationToken) => Here().DeleteAsync(scope, key, cancellationToken);

        public Task<IReadOnlyList<SecretInfo>> ListAsync(SecretScope scope, string after, int take, CancellationToken cancellationToken) =>
            Here().ListAsync(scope, after, take, cancellationToken);

        private ISecretStore Here() => _isAway ? throw new StoreUnavailableException("it is being restarted") : _inner;
    }
}
