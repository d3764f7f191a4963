using System.Text;

namespace Gofer.Tests.Chaos.Load;

/// <summary>How an attempt ends as its script has it: with an exit code by itself, or not before it is stopped.</summary>
internal readonly record struct Ending(int ExitCode, bool Overruns = false)
{
    public static Ending Well => new(0);

    public static Ending Overrun => new(0, Overruns: true);

    public bool IsGood => !Overruns && ExitCode == 0;

    public override string ToString() => Overruns ? "an overrun" : $"exit code {ExitCode}";
}

/// <summary>The process of an attempt as it knows itself.</summary>
/// <param name="Task">The id of the task, or of the instance of its matrix.</param>
/// <param name="Matrix">An instance's values; null for others.</param>
internal sealed record Speaker(Guid Run, string Task, int Attempt, IReadOnlyDictionary<string, string>? Matrix);

/// <summary>What an attempt must have written, whole.</summary>
internal sealed record Output(byte[] Stdout, byte[] Stderr)
{
    public static Output Of(string stdout, string stderr = "") => new(Encoding.UTF8.GetBytes(stdout), Encoding.UTF8.GetBytes(stderr));
}
