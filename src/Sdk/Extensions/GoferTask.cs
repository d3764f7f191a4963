using System.Globalization;

namespace Gofer.Sdk.Extensions;

/// <summary>
/// A shared task that is a service. What it does is written here; callers, names that are used once, output, cancel, and ends that are asked for again are
/// the kit's.
/// </summary>
public abstract class GoferTask
{
    /// <summary>The shared task's name.</summary>
    public abstract string Name { get; }

    /// <summary>Does the work; answers the exit code, 0 for success. Asked to end, it ends: what it throws then is a cancel.</summary>
    public abstract Task<int> ExecuteAsync(TaskCall call, TaskOutput output, CancellationToken cancellationToken);

    /// <summary>Why it will never start with these inputs, in a sentence; null where it will.</summary>
    public virtual string? Complaint(TaskCall call) => null;

    /// <summary>Serves it where GOFER_TASK_LISTEN says, to whoever has GOFER_TASK_TOKEN, until a signal asks it to end; answers the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken = default)
    {
        var (listen, token) = (Environment.GetEnvironmentVariable("GOFER_TASK_LISTEN"), Environment.GetEnvironmentVariable("GOFER_TASK_TOKEN"));
        if (string.IsNullOrEmpty(listen) || string.IsNullOrEmpty(token))
        {
            await Console.Error.WriteLineAsync("GOFER_TASK_LISTEN (HOST:PORT) and GOFER_TASK_TOKEN are missing.");
            return 2;
        }

        await using var host = await TaskHost.StartAsync([this], listen, token, cancellationToken);
        Console.WriteLine($"listening at {host.Address.Authority}");
        await host.EndAsync(cancellationToken);
        return 0;
    }
}

/// <summary>What an attempt is called with.</summary>
/// <param name="Attempt">The attempt's name, which is never used twice.</param>
/// <param name="Version">The version of the definition, such as 2.1.</param>
/// <param name="Inputs">The inputs by name, as text.</param>
/// <param name="Environment">What a container would have in its environment.</param>
public sealed record TaskCall(string Attempt, string Version, IReadOnlyDictionary<string, string> Inputs, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>The text of an input; null where there is none.</summary>
    public string? Text(string name) => Inputs.GetValueOrDefault(name);

    /// <summary>The value of an input that is a whole number; 0 where there is none.</summary>
    public long Whole(string name) => Text(name) is { Length: > 0 } text ? long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0;

    /// <summary>Whether an input is true.</summary>
    public bool Flag(string name) => Text(name) is "true";
}
