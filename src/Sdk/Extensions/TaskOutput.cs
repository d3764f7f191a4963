using System.Text;
using Gofer.Sdk.Extensions.Serving;

namespace Gofer.Sdk.Extensions;

/// <summary>Where an attempt writes. What was written is kept in files until Gofer has it.</summary>
public sealed class TaskOutput
{
    private readonly Attempt _attempt;

    internal TaskOutput(Attempt attempt) => _attempt = attempt;

    /// <summary>Writes a line to the standard output.</summary>
    public void WriteLine(string line) => Write(Encoding.UTF8.GetBytes($"{line}\n"));

    /// <summary>Writes a line to the error output.</summary>
    public void WriteErrorLine(string line) => WriteError(Encoding.UTF8.GetBytes($"{line}\n"));

    /// <summary>Writes bytes to the standard output.</summary>
    public void Write(ReadOnlySpan<byte> data) => _attempt.Write(0, data);

    /// <summary>Writes bytes to the error output.</summary>
    public void WriteError(ReadOnlySpan<byte> data) => _attempt.Write(1, data);
}
