using System.Globalization;
using System.Text;
using Gofer.Client;
using Gofer.Tests.Integration.Serving;

namespace Gofer.Tests.Integration.Crash;

/// <summary>Twenty tasks that run for some seconds, write lines meanwhile and end with codes of their own: what a crash could spoil.</summary>
internal static class TwentyTasks
{
    public const int Count = 20;

    private const int Lines = 50;

    /// <summary>Registers and starts them; returns once all of them run.</summary>
    public static async Task<RunView> StartAsync(Area area)
    {
        await area.RegisterAsync(Documents.Of(
            "twenty",
            [.. Enumerable.Range(0, Count).Select(n => Documents.Step(
                $"t{n}", $"i=1; while [ $i -le {Lines} ]; do echo \"t{n} line $i\"; echo \"t{n} warns $i\" >&2; i=$((i+1)); sleep 0.2; done; exit {ExitCode(n)}"))]));
        var run = await area.RunAsync("twenty");
        // One follower for all: where starting is slow, the first tasks must still run when the last ones do.
        var waiting = Enumerable.Range(0, Count).Select(n => $"t{n}").ToHashSet();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        await foreach (var update in area.Client.Streams.RunAsync(area.Name, "twenty", run.Number.ToString(CultureInfo.InvariantCulture), limit.Token))
        {
            if (update.Task is { State: TaskState.Running } task) waiting.Remove(task.Id);
            if (waiting.Count == 0) return run;
        }

        throw new InvalidOperationException($"Never seen running: {string.Join(", ", waiting)}.");
    }

    /// <summary>A moment of the run's life, another one in each run of the test.</summary>
    public static Task SomeTimeAsync() => Task.Delay(Random.Shared.Next(0, 3000), TestContext.Current.CancellationToken);

    /// <summary>Everything ran once, to its own end, and every line is there once.</summary>
    public static async Task JudgeAsync(Area area, RunView run)
    {
        var ended = await area.EndAsync(run);
        Assert.Equal((RunState.Failed, "task_failed"), (ended.State, ended.Reason));
        var tasks = await area.TasksAsync(run);
        for (var n = 0; n < Count; n++)
        {
            var task = tasks[$"t{n}"];
            Assert.Equal((ExitCode(n), 1), (task.ExitCode, task.Attempt));
            Assert.Equal(ExitCode(n) == 0 ? TaskState.Succeeded : TaskState.Failed, task.State);
            Assert.Equal(Whole(n, "line"), Encoding.UTF8.GetString(await area.LogAsync(run, task.Id, "?stream=stdout")));
            Assert.Equal(Whole(n, "warns"), Encoding.UTF8.GetString(await area.LogAsync(run, task.Id, "?stream=stderr")));
        }

        var events = new List<EventView>();
        await foreach (var e in area.Client.Streams.EventsAsync(area.Name, "twenty", run.Number.ToString(CultureInfo.InvariantCulture), TestContext.Current.CancellationToken)) events.Add(e);
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(e => e.Seq));
        Assert.Equal(Count, events.Count(e => e.Type == "task.started"));
        Assert.Equal(Count, events.Count(e => e.Type is "task.succeeded" or "task.failed"));
    }

    private static string Whole(int n, string word) => string.Concat(Enumerable.Range(1, Lines).Select(i => $"t{n} {word} {i}\n"));

    private static int ExitCode(int n) => n % 3 == 0 ? 0 : n;
}
