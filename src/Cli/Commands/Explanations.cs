using Refit;

namespace Gofer.Cli.Commands;

internal sealed partial class CommandContext
{
    /// <summary>Says an exception in words; null for one that is a defect and must be seen whole.</summary>
    public ExitCode? Explain(Exception e, CancellationToken token)
    {
        switch (e)
        {
            case OperationCanceledException when token.IsCancellationRequested:
                return ExitCode.Failed;
            case ApiException refused:
                return Refused(refused);
            case ApiRequestException { InnerException: OperationCanceledException } when token.IsCancellationRequested:
                return ExitCode.Failed;
            case ApiRequestException { InnerException: HttpRequestException inner }:
                return Explain(inner, token);
            case HttpRequestException http:
                Error.WriteLine($"gofer: The server cannot be reached: {(http.InnerException ?? http).Message} Start one with 'gofer dev', or name it with --server or GOFER_SERVER.");
                return ExitCode.Unreachable;
            case IOException or UnauthorizedAccessException:
                Error.WriteLine($"gofer: {e.Message}");
                return ExitCode.Failed;
            default:
                return null;
        }
    }
}
