using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace Gofer.Tests.Integration.Docs;

/// <summary>
/// The terminals of somebody who reads a page: one bash whose variables and folder last from fence to fence, with <c>gofer</c> of this build on
/// the PATH. Whatever it started ends with it.
/// </summary>
internal sealed class PageShell : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _bash;
    private readonly string _folder;
    private readonly string _data;
    private readonly StringBuilder _said = new();
    private readonly SemaphoreSlim _news = new(0);
    private readonly Task _reading;
    private int _fences;

    private PageShell(Process bash, string folder, string data)
    {
        (_bash, _folder, _data) = (bash, folder, data);
        _reading = Task.WhenAll(ReadAsync(bash.StandardOutput), ReadAsync(bash.StandardError));
    }

    /// <summary>
    /// Opens the terminal: commands find <paramref name="server"/>, what the page starts listens at <paramref name="listen"/>, Postgres' own tools
    /// find <paramref name="postgres"/>.
    /// </summary>
    public static PageShell Start(string server, string @namespace, string listen, NpgsqlConnectionStringBuilder postgres)
    {
        var folder = Directory.CreateTempSubdirectory("gofer-page-").FullName;
        var data = Directory.CreateTempSubdirectory("gofer-page-data-").FullName;
        var program = Path.Combine(folder, "bin", "gofer");
        Directory.CreateDirectory(Path.GetDirectoryName(program)!);
        File.WriteAllText(program, $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "gofer.dll")}' \"$@\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        // A group of its own, so that everything which it started can be told to end.
        var start = new ProcessStartInfo("setsid", ["bash", "--noprofile", "--norc"])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var key in start.Environment.Keys.Where(k => k.StartsWith("GOFER_", StringComparison.Ordinal)).ToList()) start.Environment.Remove(key);
        foreach (var (name, value) in new[]
        {
            ("PATH", $"{Path.GetDirectoryName(program)}:{Environment.GetEnvironmentVariable("PATH")}"), ("NO_COLOR", "1"),
            ("GOFER_LISTEN", listen), ("GOFER_SERVER", server), ("GOFER_NAMESPACE", @namespace), ("GOFER_DATA", data), ("GOFER_SCHEDULER", "process"),
            ("PGHOST", postgres.Host), ("PGPORT", postgres.Port.ToString(CultureInfo.InvariantCulture)), ("PGUSER", postgres.Username), ("PGPASSWORD", postgres.Password),
        })
        {
            start.Environment[name] = value;
        }

        return new PageShell(Process.Start(start)!, folder, data);
    }

    /// <summary>Runs a fence to its end and answers what it said; another exit code than 0 fails the test.</summary>
    public async Task<string> RunAsync(string fence)
    {
        var (from, end) = (Length, $"fence {++_fences} ended with ");
        await TypeAsync($"{{\n{fence}}} </dev/null\necho \"{end}$?\"\n");
        var said = await UntilAsync(new Regex($"{end}([0-9]+)\n", RegexOptions.NonBacktracking), from, fence);
        Assert.True(said.Contains($"{end}0\n", StringComparison.Ordinal), $"{fence}\n{said}");
        return said;
    }

    /// <summary>Starts a fence that stays, and waits until it has said that it is there.</summary>
    public async Task ServeAsync(string fence, Regex ready)
    {
        var (from, end) = (Length, $"fence {++_fences} ended with ");
        await TypeAsync($"(\n{fence}echo \"{end}$?\" ) </dev/null &\n");
        var said = await UntilAsync(new Regex($"{ready}|{end}", RegexOptions.NonBacktracking), from, fence);
        Assert.True(ready.IsMatch(said), $"{fence}\n{said}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", "--", $"-{_bash.Id.ToString(CultureInfo.InvariantCulture)}"])) await kill.WaitForExitAsync();
        await _reading.WaitAsync(Patience); // whoever is left has its pipe
        await _bash.WaitForExitAsync();
        _bash.Dispose();
        _news.Dispose();
        Directory.Delete(_folder, recursive: true);
        Directory.Delete(_data, recursive: true);
    }

    private int Length
    {
        get
        {
            lock (_said) return _said.Length;
        }
    }

    private async Task TypeAsync(string text)
    {
        await _bash.StandardInput.WriteAsync(text);
        await _bash.StandardInput.FlushAsync();
    }

    private async Task<string> UntilAsync(Regex wanted, int from, string fence)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        while (true)
        {
            string said;
            lock (_said) said = _said.ToString(from, _said.Length - from);
            if (wanted.IsMatch(said)) return said;
            if (_reading.IsCompleted) throw new InvalidOperationException($"{fence}\nended the shell, having said\n{said}");
            try
            {
                await _news.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException e) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"{fence}\nnever said {wanted} but\n{said}", e);
            }
        }
    }

    private async Task ReadAsync(StreamReader from)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            lock (_said) _said.Append(line).Append('\n');
            _news.Release();
        }

        _news.Release();
    }
}
