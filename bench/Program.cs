using Gofer.Bench;
using Gofer.Bench.Engine;
using Gofer.Bench.Limit;
using Gofer.Bench.Measurements;
using Gofer.Bench.Table;

IMeasurement[] all = [new Drain(), new Peers(), new Creation(), new Idle(), new Sustained(), new Backfills(), new Statements(), new Logs(), new LargeRun(), new Snapshot(), new Containers(), new Followed(), new Growth()];

if (Options.Read(args) is not { } options || options.Only.Except(all.Select(m => m.Name)).Any())
{
    Console.Error.WriteLine(Options.Usage);
    Console.Error.WriteLine($"measurements: {string.Join(", ", all.Select(m => m.Name))}");
    return 2;
}

using var stop = new CancellationTokenSource(TimeSpan.FromHours(2));
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

var report = new Report();
try
{
    var server = await DurableServer.StartAsync(stop.Token);
    Console.WriteLine(server);
    var chosen = all.Where(m => options.Only.Count > 0 ? options.Only.Contains(m.Name) : !m.OnlyWhenNamed).ToList();

    // What is compiled and cached at the first use is not what is measured.
    await LimitDrain.RunAsync(Dag.Ten, 300, stop.Token);
    await GoferDrain.RunAsync(Dag.Ten, 300, stop.Token);
    if (options.Profile)
    {
        foreach (var measurement in chosen.OfType<IProfiled>()) await measurement.ProfileAsync(options, Console.Out, stop.Token);
    }

    for (var i = 1; i <= options.Rounds; i++)
    {
        var round = new Round(options, report);
        foreach (var measurement in chosen)
        {
            Console.Error.WriteLine($"round {i} of {options.Rounds}: {measurement.Name}");
            await measurement.MeasureAsync(round, stop.Token);
        }
    }
}
catch (InvalidOperationException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

finally
{
    foreach (var measurement in all.OfType<IAsyncDisposable>()) await measurement.DisposeAsync();
}

report.Print(Console.Out);
return 0;
