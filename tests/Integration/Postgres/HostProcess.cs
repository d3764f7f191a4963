using System.Diagnostics;
using Gofer.Infrastructure.Postgres.Embedded;

namespace Gofer.Tests.Integration.Postgres;

/// <summary>Another process that holds a data folder and its Postgres; see <c>tests/Support/PostgresHost</c>.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private readonly Process _process;

    private HostProcess(Process process, string answer) => (_process, Answer) = (process, answer);

    /// <summary>The first line that it printed.</summary>
    public string Answer { get; }

    public int Id => _process.Id;

    public string ConnectionString => Answer.StartsWith("ready ", StringComparison.Ordinal)
        ? Answer["ready ".Length..]
        : throw new InvalidOperationException(Answer);

    public static async Task<HostProcess> StartAsync(string folder, CancellationToken cancellationToken, string? user = null)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Gofer.Tests.PostgresHost.dll");
        var start = new ProcessStartInfo("dotnet", [program, folder])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        };
        if (user is not null)
        {
            start.UserName = user;
        }

        var process = Process.Start(start)!;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        return new HostProcess(process, await process.StandardOutput.ReadLineAsync(deadline.Token) ?? "");
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Lets the process end cleanly.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
