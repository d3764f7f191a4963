using System.Globalization;
using System.Text.Unicode;
using Gofer.Application.Logs;
using Gofer.Cli.Commands;
using Gofer.Cli.Terminal;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using Gofer.Worker.Local;
using Spectre.Console;
using LogLine = Gofer.Client.LogLine;

namespace Gofer.Cli.Local;

/// <summary>
/// Shows a local run: its output as it comes, on standard output; on standard error what takes long to start and what is tried again, and in the
/// end the tree with each failed task's last lines.
/// </summary>
internal sealed class LocalTerminal : ILocalWatcher, IDisposable
{
    /// <summary>Between two looks at what is still starting: after so long a person wonders.</summary>
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    /// <summary>Between two words on one task's start; a pull says a great deal.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly LocalOrder _order;
    private readonly TaskGraph _graph;
    private readonly TimeProvider _clock;
    private readonly IAnsiConsole _errors;
    private readonly ILogLines _lines;
    private readonly Dictionary<int, LastLines> _last = [];
    private readonly Dictionary<int, (DateTimeOffset Next, string? Waits, string? Said)> _starting = [];
    private readonly ITimer _timer;

    public LocalTerminal(CommandContext context, LocalOrder order, TimeProvider clock)
    {
        (_order, _graph, _clock) = (order, new TaskGraph(order.Document.Tasks), clock);
        _errors = Consoles.On(context.Error, context);
        _lines = TaggedLines.For(context, _graph.Ids.Max(id => id.Length));
        _timer = clock.CreateTimer(_ => SayWhatStarts(), null, s_look, s_look);
    }

    public void Wrote(int task, LogStream stream, ReadOnlyMemory<byte> bytes)
    {
        lock (_gate)
        {
            if (!_last.TryGetValue(task, out var last)) _last.Add(task, last = new LastLines(RunEnding.LastLines));
            last.Add(stream, bytes.Span);
            while (bytes.Length > 0)
            {
                var end = bytes.Span.IndexOf((byte)'\n');
                var line = end < 0 ? bytes : bytes[..end];
                bytes = end < 0 ? default : bytes[(end + 1)..];
                var isText = Utf8.IsValid(line.Span);
                _lines.Print(new LogLine
                {
                    Task = _graph.Nodes[task].Id,
                    Stream = stream == LogStream.Stdout ? "stdout" : "stderr",
                    Text = isText ? System.Text.Encoding.UTF8.GetString(line.Span) : null,
                    Base64 = isText ? null : Convert.ToBase64String(line.Span),
                    Eol = end >= 0,
                });
            }
        }
    }

    public void Waits(int task, string message)
    {
        lock (_gate)
        {
            if (_starting.TryGetValue(task, out var starting)) _starting[task] = starting with { Waits = message };
        }
    }

    public void Changed(Run run, IReadOnlyList<RunEvent> events)
    {
        lock (_gate)
        {
            foreach (var happened in events)
            {
                if (happened.Task is not { } task) continue;
                if (happened.Type == EventTypes.TaskStarting) _starting[task] = (_clock.GetUtcNow() + s_look, null, null);
                else _starting.Remove(task);
                if (happened.Type == EventTypes.TaskRetried) SayRetry(run.Tasks[task], happened);
            }
        }
    }

    /// <summary>Shows what the run came to.</summary>
    public Task<ExitCode> EndAsync(Run run)
    {
        lock (_gate) _lines.End();
        var tree = new RunTree(run.View(_order), run.TaskViews(), _graph.GraphView(), _clock, "local run");
        return RunEnding.WriteAsync(_errors, tree, id => Tail(id).ToAsyncEnumerable(), next: null);
    }

    public void Dispose() => _timer.Dispose();

    private IReadOnlyList<string> Tail(string id)
    {
        lock (_gate) return _last.TryGetValue(_graph.IndexOf(id)!.Value, out var last) ? last.Take() : [];
    }

    private void SayRetry(TaskExecution task, RunEvent retried)
    {
        var pause = DateTimeOffset.Parse(retried.Data["next_at"], CultureInfo.InvariantCulture) - retried.At;
        Say(task.Task, $"{task.Message} Attempt {task.Attempt + 1} in {Terminal.Table.Duration(pause)}.");
    }

    private void SayWhatStarts()
    {
        lock (_gate)
        {
            foreach (var (task, starting) in _starting.ToList())
            {
                if (starting.Waits is not { } waits || waits == starting.Said || _clock.GetUtcNow() < starting.Next) continue;
                _starting[task] = starting with { Said = waits, Next = _clock.GetUtcNow() + s_pause };
                Say(task, waits);
            }
        }
    }

    private void Say(int task, string text)
    {
        _lines.End();
        _errors.MarkupLine($"[grey]{Markup.Escape(_graph.Nodes[task].Id)}: {Markup.Escape(Shown.Line(text))}[/]");
    }
}
