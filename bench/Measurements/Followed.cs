using System.Diagnostics;
using System.Globalization;
using Gofer.Bench.Engine;
using Gofer.Bench.Table;
using Gofer.Infrastructure.Postgres;
using Gofer.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Bench.Measurements;

/// <summary>The memory of one <c>gofer worker</c> process that follows a thousand containers, all running at once.</summary>
internal sealed class Followed : IMeasurement
{
    private static readonly Line s_line = new("memory of a worker that follows 1,000 containers on Docker", "MB", "", new Goal.AtMost(200));

    public string Name => "followed";

    /// <summary>A thousand containers take minutes to start and gigabytes that are not Gofer's.</summary>
    public bool OnlyWhenNamed => true;

    public async Task MeasureAsync(Round round, CancellationToken cancellationToken)
    {
        var (docker, trouble) = await BareDocker.FindAsync(cancellationToken);
        if (docker is null)
        {
            round.Report.Miss(s_line, trouble);
            return;
        }

        using (docker)
        {
            await using var install = await GoferInstall.StartAsync(cancellationToken);
            var id = install.Install.Services.GetRequiredService<GoferDatabase>().Install;
            var count = round.Pick(1000, 20);
            var pipeline = await install.Install.RegisterAsync(
                $$"""{"id":"sleep","tasks":[{"id":"t","image":"{{BareDocker.Image}}","command":["sleep","3600"]}]}""", cancellationToken);
            await install.FillAsync(pipeline, count, cancellationToken);
            using var worker = Process.Start(Describe(install, docker, count))!;
            try
            {
                await RunningAsync(install, worker, count, cancellationToken);
                // A few heartbeats and sweeps with all of them.
                await Task.Delay(TimeSpan.FromSeconds(20), cancellationToken);
                worker.Refresh();
                round.Report.Add(s_line, worker.WorkingSet64 / 1e6);
            }
            finally
            {
                worker.Kill();
                await worker.WaitForExitAsync(CancellationToken.None);
                await docker.RemoveAllAsync(id, CancellationToken.None);
            }
        }
    }

    private static ProcessStartInfo Describe(GoferInstall install, BareDocker docker, int count)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "gofer.dll"), "worker", "--scheduler", "docker"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["GOFER_POSTGRES"] = install.Install.ConnectionString;
        start.Environment["GOFER_SECRETS__KEYS"] = TestKeys.Text;
        start.Environment["GOFER_WORKER__CAPACITY"] = count.ToString(CultureInfo.InvariantCulture);
        start.Environment["DOCKER_HOST"] = docker.Endpoint.ToString();
        return start;
    }

    private static async Task RunningAsync(GoferInstall install, Process worker, int count, CancellationToken cancellationToken)
    {
        _ = worker.StandardOutput.ReadToEndAsync(cancellationToken);
        var said = worker.StandardError.ReadToEndAsync(cancellationToken);
        while (true)
        {
            var running = await install.Install.ScalarAsync<long>("select count(*) from gofer.task_executions where state = 'running'", cancellationToken);
            if (running == count) return;
            if (worker.HasExited) throw new InvalidOperationException($"The worker ended with {worker.ExitCode}: {await said}");
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        }
    }
}
