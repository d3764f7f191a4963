using Gofer.Infrastructure.Postgres.Signals;
using Gofer.Tests.Support.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Gofer.Tests.Integration.Engine;

/// <summary>What processes say to each other across their ends.</summary>
public sealed class NotifierTests(QueueInstall shared) : IClassFixture<QueueInstall>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_process_has_to_say_when_it_is_asked_to_stop_is_still_said()
    {
        var leaving = await shared.Install.AddHostAsync(_ => { }, Ct);
        await using var source = NpgsqlDataSource.Create(shared.Install.ConnectionString);
        await using var other = await source.OpenConnectionAsync(Ct);
        var heard = new List<string>();
        other.Notification += (_, said) => heard.Add(said.Channel);
        await using (var listen = new NpgsqlCommand("listen gofer_changed; listen gofer_ready", other)) await listen.ExecuteNonQueryAsync(Ct);

        var notifier = leaving.Services.GetRequiredService<Notifier>();
        notifier.Changed();
        while (heard.Count == 0) await other.WaitAsync(Ct);
        notifier.Ready(); // it paused after the first when the stop came
        await leaving.StopAsync(Ct);

        Assert.True(heard.Contains("gofer_ready") || await other.WaitAsync(TimeSpan.FromSeconds(10), Ct), "Nothing more was said.");
        Assert.Contains("gofer_ready", heard);
    }
}
