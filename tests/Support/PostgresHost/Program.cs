using Gofer.Infrastructure.Postgres.Embedded;

// Prints `ready CONNECTION-STRING` or `refused MESSAGE`, then lives until its standard input ends.
var opened = DataFolder.Open(args[0]);
if (!opened.IsOk)
{
    Console.WriteLine($"refused {opened.Error.Message}");
    return 1;
}

using var folder = opened.Value;
folder.Announce("http://127.0.0.1:4637");
var options = new PrivatePostgresOptions { Settings = new PostgresSettings { Durable = false }, Docker = null };
var started = await PrivatePostgres.StartAsync(folder, options, new Progress<string>(Console.Error.WriteLine), CancellationToken.None);
if (!started.IsOk)
{
    Console.WriteLine($"refused {started.Error.Message}");
    return 1;
}

await using var postgres = started.Value;
Console.WriteLine($"ready {postgres.ConnectionString}");
await Console.In.ReadToEndAsync();
return 0;
