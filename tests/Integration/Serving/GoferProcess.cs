using System.Diagnostics;
using System.Globalization;
using System.Text;
using Gofer.Tests.Support;

namespace Gofer.Tests.Integration.Serving;

/// <summary>A real <c>gofer</c> process of this build; disposing kills it where it still runs.</summary>
public sealed class GoferProcess : IAsyncDisposable
{
    private static readonly string s_gofer = Path.Combine(AppContext.BaseDirectory, "gofer.dll");

    private readonly Process _process;
    private readonly StringBuilder _out = new();
    private readonly StringBuilder _error = new();
    private readonly SemaphoreSlim _said = new(0);
    private readonly Task _reading;

    private GoferProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _out), ReadAsync(process.StandardError, _error));
    }

    /// <summary>The program, for <c>dotnet</c>.</summary>
    public static string Program => s_gofer;

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>What it wrote to stdout so far.</summary>
    public string Out => Text(_out);

    /// <summary>What it wrote to stderr so far.</summary>
    public string Error => Text(_error);

    /// <summary>Starts <c>gofer</c> with no settings but these.</summary>
    public static GoferProcess Start(IEnumerable<string> arguments, IEnumerable<(string Key, string Value)>? environment = null, string? folder = null) =>
        Start("dotnet", [s_gofer, .. arguments], environment, folder);

    /// <summary>Starts <c>gofer</c> on a terminal, where Ctrl-C can be typed; all that is written there is in <see cref="Out"/>.</summary>
    public static GoferProcess StartOnTerminal(IEnumerable<string> arguments, IEnumerable<(string Key, string Value)> environment) =>
        Start("script", ["--quiet", "--return", "--command", $"exec dotnet {s_gofer} {string.Join(' ', arguments)}", "/dev/null"], [("TERM", "xterm"), ("NO_COLOR", ""), .. environment], null);

    /// <summary>Starts a shell on a terminal, where somebody types; all that is written there is in <see cref="Out"/>.</summary>
    public static GoferProcess StartShell(string command, IEnumerable<(string Key, string Value)> environment, string folder) =>
        Start("script", ["--quiet", "--return", "--command", $"exec {command}", "/dev/null"], [.. environment, ("TERM", "dumb")], folder);

    /// <summary>Runs <c>gofer</c> to its end.</summary>
    public static async Task<(int Exit, string Out, string Error)> RunAsync(
        IEnumerable<string> arguments, IEnumerable<(string Key, string Value)>? environment = null, string? folder = null, string? input = null)
    {
        await using var process = Start(arguments, environment, folder);
        if (input is not null) await process._process.StandardInput.WriteAsync(input);
        process._process.StandardInput.Close();
        var exit = await process.ExitAsync();
        return (exit, process.Out, process.Error);
    }

    /// <summary>Runs <c>gofer</c> to its end under another program, such as <c>setpriv</c>, from a copy that everybody may read.</summary>
    public static async Task<(int Exit, string Out, string Error)> RunUnderAsync(
        IReadOnlyList<string> program, IEnumerable<string> arguments, IEnumerable<(string Key, string Value)> environment, string? folder)
    {
        await using var process = Start(program[0], [.. program.Skip(1), .. arguments], environment, folder);
        process._process.StandardInput.Close();
        var exit = await process.ExitAsync();
        return (exit, process.Out, process.Error);
    }

    /// <summary>How many lines of stderr hold <paramref name="text"/> so far.</summary>
    public int Count(string text) => Error.Split('\n').Count(l => l.Contains(text, StringComparison.Ordinal));

    /// <summary>The first line of stderr that holds <paramref name="text"/>, or the one of that number; whole, though it came in pieces.</summary>
    public Task<string> SaysAsync(string text, int number = 1) => UntilAsync(WholeLines, text, number);

    /// <summary>The first line of stdout that holds <paramref name="text"/>.</summary>
    public Task<string> PrintsAsync(string text) => UntilAsync(() => Out, text, 1);

    /// <summary>Its exit code, once it ended and all that it said is read.</summary>
    public async Task<int> ExitAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(3));
        await _process.WaitForExitAsync(limit.Token);
        await _reading.WaitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>kill -9 of this process alone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Sends it a signal, such as <c>TERM</c>, <c>INT</c>, <c>STOP</c> or <c>CONT</c>.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Types on its terminal, or writes to its standard input.</summary>
    public async Task TypeAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Memory of its own now and at its highest, in bytes.</summary>
    public (long Now, long Peak) Memory()
    {
        var lines = File.ReadAllLines($"/proc/{Id}/status");
        return (Kilobytes("VmRSS:") * 1024, Kilobytes("VmHWM:") * 1024);
        long Kilobytes(string name) => long.Parse(lines.Single(l => l.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
        _said.Dispose();
    }

    private static string Text(StringBuilder text)
    {
        lock (text) return text.ToString();
    }

    private static GoferProcess Start(string program, IReadOnlyList<string> arguments, IEnumerable<(string Key, string Value)>? environment, string? folder)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        foreach (var key in start.Environment.Keys.Where(k => k.StartsWith("GOFER_", StringComparison.Ordinal)).ToList()) start.Environment.Remove(key);
        start.Environment["NO_COLOR"] = "1";
        // Those that take no less than the keys of the other processes over their database.
        if (arguments.Any(a => a.Split(' ').Any(word => word is "api" or "worker"))) start.Environment["GOFER_SECRETS__KEYS"] = TestKeys.Text;
        // Who lets callers in is tested where that is what is tested.
        if (arguments.Any(a => a.Split(' ').Contains("api"))) start.Environment["GOFER_API__AUTHENTICATION"] = "none";
        foreach (var (key, value) in environment ?? []) start.Environment[key] = value.Length > 0 ? value : null;
        return new GoferProcess(Process.Start(start)!);
    }

    private async Task<string> UntilAsync(Func<string> said, string text, int number)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        while (true)
        {
            if (said().Split('\n').Where(l => l.Contains(text, StringComparison.Ordinal)).ElementAtOrDefault(number - 1) is { } line) return line;
            if (_reading.IsCompleted) throw new InvalidOperationException($"gofer never said '{text}' but:\n{Error}{Out}");
            await Task.WhenAny(_said.WaitAsync(limit.Token), _reading);
            limit.Token.ThrowIfCancellationRequested();
        }
    }

    private string WholeLines()
    {
        var ended = _reading.IsCompleted;
        var text = Error;
        return ended ? text : text[..(text.LastIndexOf('\n') + 1)];
    }

    private async Task ReadAsync(StreamReader reader, StringBuilder text)
    {
        var buffer = new char[4096];
        int read;
        while ((read = await reader.ReadAsync(buffer)) > 0)
        {
            lock (text) text.Append(buffer, 0, read);
            _said.Release();
        }

        _said.Release();
    }
}
