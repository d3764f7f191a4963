using System.CommandLine;
using Gofer.Client;
using Gofer.Domain.Common;

namespace Gofer.Cli.Commands;

/// <summary>
/// What to type next after a refusal of the server. The server says what and why in words that hold for every caller; which command helps only
/// the command line knows.
/// </summary>
internal static class Cures
{
    /// <summary>The next step in a line; null where the refusal itself says all that there is to do.</summary>
    public static string? Of(ProblemBody problem, CommandContext context)
    {
        var (pipeline, run, flags) = (Argument(context, "pipeline") ?? "PIPELINE", Argument(context, "run") ?? Names.Latest, context.Flags);
        return problem.Code switch
        {
            ErrorCodes.NamespaceNotFound => $"All that there are: gofer namespace list{ServerFlag(context)}. A new one: gofer namespace create NAMESPACE{ServerFlag(context)}",
            ErrorCodes.NamespaceExists => $"Change it with: gofer namespace set {Argument(context, "namespace")}{ServerFlag(context)}",
            ErrorCodes.PipelineNotFound => $"All that there are: gofer pipeline list{flags}. A new one: gofer up PATH{flags}",
            ErrorCodes.VersionNotFound => $"All that there are: gofer pipeline versions {pipeline}{flags}",
            ErrorCodes.RunNotFound when problem.Title.Contains("no run yet", StringComparison.Ordinal) => $"Make one: gofer run {pipeline} --follow{flags}",
            ErrorCodes.RunNotFound => $"All that there are: gofer run list {pipeline}{flags}",
            ErrorCodes.TaskNotFound => $"All that there are: gofer task list {pipeline} {run}{flags}",
            ErrorCodes.PipelinePaused => $"Let it run again: gofer resume {pipeline}{flags}",
            ErrorCodes.RunNotEnded => $"Watch it: gofer watch {pipeline} {run}{flags}. Or end it: gofer cancel {pipeline} {run}{flags}",
            ErrorCodes.NothingToRerun => $"From the start: gofer rerun {pipeline} {run}{flags}",
            ErrorCodes.InUse when context.Parsed.CommandResult.Command.Name == "delete" => InUse(context, flags),
            ErrorCodes.DatabaseUnavailable or ErrorCodes.SchedulerUnavailable => $"What is wrong there: gofer doctor{ServerFlag(context)}",
            ErrorCodes.Unauthenticated => "Give a token: set GOFER_TOKEN, or keep it in a context: gofer context set NAME --server URL --token-stdin. The first one of an install: gofer token bootstrap",
            ErrorCodes.TokenNotFound => $"All that there are: gofer token list{ServerFlag(context)}",
            ErrorCodes.RoleNotFound => $"All that there are: gofer role list{ServerFlag(context)}",
            ErrorCodes.IdempotencyKeyReused => "Give each different run a key of its own with --idempotency-key.",
            ErrorCodes.ForeignOrigin => "Name the server by 127.0.0.1 or localhost with --server or GOFER_SERVER, and let no proxy stand between (NO_PROXY=*).",
            ErrorCodes.ValidationFailed when Missing(problem) is { } parameter => $"Give it: gofer run {pipeline} -p {parameter}=VALUE{flags}",
            ErrorCodes.InternalError => $"Its log has more under the trace id {problem.TraceId}; report it with that.",
            _ => null,
        };
    }

    /// <summary>The only parameter that a run lacks.</summary>
    private static string? Missing(ProblemBody problem) =>
        problem.Errors is { Count: 1 } errors && errors.Single() is { Key: var pointer, Value: [var complaint] } && complaint.StartsWith("The parameter", StringComparison.Ordinal)
        && complaint.Contains("is missing", StringComparison.Ordinal) ? pointer.Split('/')[^1] : null;

    private static string InUse(CommandContext context, string flags) => Argument(context, "pipeline") is { } pipeline
        ? $"Its runs: gofer run list {pipeline} --state running --state pending{flags}. Cancel them and delete it: gofer pipeline delete {pipeline} --force{flags}"
        : $"Its pipelines: gofer pipeline list -n {Argument(context, "namespace")}{ServerFlag(context)}. Delete it with all of them: gofer namespace delete {Argument(context, "namespace")} --force{ServerFlag(context)}";

    private static string ServerFlag(CommandContext context) => context.Parsed.GetValue(GlobalOptions.Server) is { } server ? $" --server {server}" : "";

    /// <summary>What was given for an argument of that name; null where the command has none, or none was given.</summary>
    private static string? Argument(CommandContext context, string name) =>
        context.Parsed.CommandResult.Command.Arguments.FirstOrDefault(a => a.Name == name) is { } argument
            ? context.Parsed.GetResult(argument)?.Tokens is [{ Value: var given }, ..] ? given : null
            : null;
}
