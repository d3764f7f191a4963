using System.Globalization;
using Gofer.Client;
using Gofer.Domain.Common;

namespace Gofer.Cli.Terminal;

/// <summary>What is to be said of a task beside its state.</summary>
internal static class TaskRemarks
{
    /// <summary>In one line: its matrix values, what it came to or waits for, and how often it was tried.</summary>
    public static string Of(TaskView task)
    {
        string?[] parts = [Matrix(task), Standing(task), task is { WaitingFor: null, Attempt: > 1, ReusedFrom: null } ? Text($"attempt {task.Attempt}") : null];
        return Shown.Line(string.Join(", ", parts.Where(p => !string.IsNullOrEmpty(p))));
    }

    /// <summary>The attempts of a task, where there was more than one.</summary>
    public static void WriteAttempts(TextWriter output, TaskView task)
    {
        if (task.Attempts.Count < 2) return;
        output.WriteLine();
        Table.Write(
            output, task.Attempts,
            [
                ("attempt", a => Text($"{a.Attempt}")), ("reason", a => a.Reason), ("exit", a => a.ExitCode is { } code ? Text($"{code}") : null),
                ("took", a => Table.Duration(a.StartedAt, a.EndedAt, TimeProvider.System)), ("ended", a => a.EndedAt is { } end ? Table.Time(end) : null),
                ("node", a => a.Node), ("message", a => a.Message),
            ]);
    }

    private static string? Matrix(TaskView task) =>
        task.Matrix is { } values ? string.Join(' ', values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}")) : null;

    private static string? Standing(TaskView task) => task switch
    {
        { ReusedFrom: { } run } => Text($"taken over from run {run}"),
        { State: TaskState.Failed, ExitCode: { } code, Reason: null or "exit_code" } => Text($"exit code {code}"),
        { State: TaskState.Failed, ExitCode: { } code } => Text($"{task.Reason}, exit code {code}"),
        { State: TaskState.Skipped, SkippedBy: { } by } => $"because of {by}",
        { WaitingFor: "retry", Until: { } until } => Text($"attempt {task.Attempt + 1} at {until.UtcDateTime:HH:mm:ss'Z'}: {task.Message}"),
        { WaitingFor: "parents", Message: null } => "waits for its parents",
        { WaitingFor: "run", Message: null } => "waits for its run to be let in",
        _ => task.Message,
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
