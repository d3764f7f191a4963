using Gofer.Cli.Terminal;
using Gofer.Client;

namespace Gofer.Tests.Unit.Cli;

public sealed class TaskRemarksTests
{
    private static readonly DateTimeOffset s_time = new(2026, 11, 24, 12, 0, 5, TimeSpan.Zero);

    public static TheoryData<string, TaskView> Remarks => new()
    {
        { "", new() { State = TaskState.Succeeded, Attempt = 1 } },
        { "exit code 3", new() { State = TaskState.Failed, Reason = "exit_code", ExitCode = 3, Attempt = 1, Message = "The container ended with exit code 3." } },
        { "timeout, exit code 143, attempt 2", new() { State = TaskState.Failed, Reason = "timeout", ExitCode = 143, Attempt = 2 } },
        { "No such image.", new() { State = TaskState.Failed, Reason = "image_pull", Attempt = 1, Message = "No such image." } },
        { "because of a", new() { State = TaskState.Skipped, SkippedBy = "a", Message = "Task 'a' did not succeed." } },
        {
            "attempt 3 at 12:00:05Z: Attempt 2 failed (exit_code): …",
            new() { State = TaskState.Waiting, WaitingFor = "retry", Until = s_time, Attempt = 2, Message = "Attempt 2 failed (exit_code): …" }
        },
        { "Waits for a slot.", new() { State = TaskState.Waiting, WaitingFor = "concurrency", Message = "Waits for a slot.", Attempt = 1 } },
        { "waits for its parents", new() { State = TaskState.Waiting, WaitingFor = "parents" } },
        { "waits for its run to be let in", new() { State = TaskState.Waiting, WaitingFor = "run" } },
        { "attempt 2", new() { State = TaskState.Running, Attempt = 2 } },
        { "taken over from run 17", new() { State = TaskState.Succeeded, ReusedFrom = 17, Attempt = 2, Message = "Taken over from run 17." } },
        { "os=bsd shard=1, exit code 1", new() { State = TaskState.Failed, ExitCode = 1, Attempt = 1, Matrix = new Dictionary<string, string> { ["shard"] = "1", ["os"] = "bsd" } } },
    };

    [Theory]
    [MemberData(nameof(Remarks))]
    public void One_line_says_what_matters_beside_the_state(string said, TaskView task) => Assert.Equal(said, TaskRemarks.Of(task));

    [Fact]
    public void Attempts_are_shown_where_there_was_more_than_one()
    {
        AttemptView[] attempts =
        [
            new() { Attempt = 1, Reason = "exit_code", ExitCode = 2, Node = "n1", StartedAt = s_time, EndedAt = s_time.AddSeconds(3), Message = "It ended badly." },
            new() { Attempt = 2, ExitCode = 0, Node = "n2", StartedAt = s_time.AddSeconds(5), EndedAt = s_time.AddSeconds(65) },
        ];
        Assert.Equal("", Written(new TaskView { Attempts = attempts[..1] }));
        Assert.Equal(
            """

            ATTEMPT  REASON     EXIT  TOOK   ENDED                 NODE  MESSAGE
            1        exit_code  2     3.0s   2026-11-24 12:00:08Z  n1    It ended badly.
            2                   0     1m00s  2026-11-24 12:01:10Z  n2

            """,
            Written(new TaskView { Attempts = attempts }));
    }

    private static string Written(TaskView task)
    {
        using var text = new StringWriter { NewLine = "\n" };
        TaskRemarks.WriteAttempts(text, task);
        return text.ToString();
    }
}
