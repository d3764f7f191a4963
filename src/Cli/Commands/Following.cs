using System.Globalization;
using Gofer.Cli.Terminal;
using Gofer.Client;

namespace Gofer.Cli.Commands;

/// <summary>Follows something for somebody who may leave: Ctrl-C ends the following and not what is followed; of a run it is said how to cancel that.</summary>
internal static class Following
{
    /// <summary>Follows a run that was just made.</summary>
    public static async Task<ExitCode> FollowAsync(CommandContext context, string pipeline, RunView run, CancellationToken token)
    {
        var number = run.Number.ToString(CultureInfo.InvariantCulture);
        var following = new RunFollowing(context, context.Client, context.Namespace, pipeline, number);
        return await UntilLeftAsync(context, pipeline, number, leave =>
        {
            // Said once Ctrl-C is listened to: whoever reads it may press that.
            context.Error.WriteLine($"Run {number} of {pipeline}, version {run.Version}");
            return following.WithLogsAsync(leave);
        }, token);
    }

    /// <inheritdoc cref="UntilLeftAsync(Func{CancellationToken,Task{ExitCode}},Func{ExitCode},CancellationToken)"/>
    public static Task<ExitCode> UntilLeftAsync(
        CommandContext context, string pipeline, string run, Func<CancellationToken, Task<ExitCode>> follow, CancellationToken token) => UntilLeftAsync(
        follow,
        () =>
        {
            context.Error.WriteLine($"The run goes on. Cancel it with: gofer cancel {pipeline} {run}{context.Flags}");
            return ExitCode.Failed;
        },
        token);

    /// <summary>Runs <paramref name="follow"/> until it has ended or Ctrl-C comes; a second Ctrl-C ends the program at once.</summary>
    public static async Task<ExitCode> UntilLeftAsync(Func<CancellationToken, Task<ExitCode>> follow, Func<ExitCode> left, CancellationToken token)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(token);
        void Leave(object? sender, ConsoleCancelEventArgs e)
        {
            e.Cancel = !leave.IsCancellationRequested;
            if (!e.Cancel && !Console.IsOutputRedirected) Console.Out.Write(ShowCursor); // what is drawn live hides it, and is not asked any more
            leave.Cancel();
        }

        Console.CancelKeyPress += Leave;
        try
        {
            return await follow(leave.Token);
        }
        catch (Exception e) when (leave.IsCancellationRequested && e is OperationCanceledException or Refit.ApiRequestException)
        {
            return left();
        }
        finally
        {
            Console.CancelKeyPress -= Leave;
        }
    }

    private const string ShowCursor = "\e[?25h";
}
