using System.Diagnostics;
using System.Globalization;
using Gofer.Domain.Common;

namespace Gofer.Cli.Hosting;

/// <summary>Shows the stages of a start with their times, on standard error: what takes long is seen to work.</summary>
public sealed class Stages(TextWriter output)
{
    /// <summary>Runs a stage and says what came of it and how long it took; why it failed is for the caller to say.</summary>
    public async Task<Result<T>> RunAsync<T>(string what, Func<IProgress<string>, Task<Result<T>>> stage, Func<T, string> done)
    {
        var clock = Stopwatch.StartNew();
        // What a stage says is shown only where it takes long enough to make somebody wonder.
        var progress = new Progress<string>(text =>
        {
            if (clock.Elapsed > TimeSpan.FromMilliseconds(300)) output.WriteLine($"  … {what}: {text}");
        });
        var result = await stage(progress);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {(result.IsOk ? $"✓ {done(result.Value)}" : $"✗ {what}")} ({clock.Elapsed.TotalSeconds:0.0} s)"));
        return result;
    }
}
