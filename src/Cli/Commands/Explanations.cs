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
                Error.WriteLine($"gofer: No server answers at {ServerUrl}: {Reason(http)}");
                Error.WriteLine(Certificates.IsRefused(http)
                    ? $"  {Certificates.Cure}"
                    : "  Start one with 'gofer dev', or name one with --server or GOFER_SERVER; 'gofer doctor' looks for what is wrong.");
                return ExitCode.Unreachable;
            case ApiRequestException { InnerException: OperationCanceledException }:
                Error.WriteLine($"gofer: No server answers at {ServerUrl}: it took no connection within ten seconds.");
                Error.WriteLine("  Is the address right, and does a firewall stand between? 'gofer doctor' looks for what is wrong.");
                return ExitCode.Unreachable;
            case IOException or UnauthorizedAccessException:
                Error.WriteLine($"gofer: {e.Message}");
                return ExitCode.Failed;
            default:
                return null;
        }
    }

    private static string Reason(HttpRequestException e) => e.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "its name is not known.",
        HttpRequestError.SecureConnectionError when Certificates.IsRefused(e) => e.InnerException!.Message,
        HttpRequestError.SecureConnectionError => $"{(e.InnerException ?? e).Message} Is it http:// in place of https://?",
        HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse => $"it speaks no HTTP, or broke off. Is it https:// in place of http://? ({(e.InnerException ?? e).Message})",
        _ => $"{(e.InnerException ?? e).Message.TrimEnd('.')}.",
    };
}
