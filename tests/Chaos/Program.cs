using System.Runtime.InteropServices;
using Gofer.Tests.Chaos;

if (Settings.Parse(args) is not { } settings)
{
    Console.Error.WriteLine(Settings.Usage);
    return 2;
}

// The proxy, the clients and the watch over processes share this one: none may wait for a thread that another holds.
ThreadPool.SetMinThreads(32, 32);
using var interrupted = new CancellationTokenSource();
// Everything that was started is ended, also when a person or a time limit ends this.
void End(PosixSignalContext context)
{
    context.Cancel = true;
    interrupted.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
return await new Harness(settings, Console.Out).RunAsync(interrupted.Token);
