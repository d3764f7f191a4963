using System.CommandLine;
using Gofer.Cli;

return await App.RunAsync(args, new InvocationConfiguration { ProcessTerminationTimeout = null }, CancellationToken.None);
