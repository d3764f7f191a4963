using Gofer.Domain.Common;

namespace Gofer.Domain.Pipelines;

/// <summary>
/// The members of the contract that this version does not act on. They are refused, since a document that asks for a timeout and
/// runs without one is worse than one that is refused; what is null, empty or the default asks for nothing and passes.
/// </summary>
internal static class LaterMembers
{
    private static readonly string[] _onLimit = ["queue", "cancel_oldest", "skip"];

    /// <summary>Checks those of the pipeline.</summary>
    public static void CheckPipeline(JsonFields pipeline)
    {
        if (pipeline["on_limit"] is { IsEmpty: false } onLimit && onLimit.Choice(_onLimit) is not (null or "queue")) onLimit.Unsupported();
        Text(pipeline["timeout"]);
        if (pipeline["priority"].Whole() is not (null or 0)) pipeline["priority"].Unsupported();
        Objects(pipeline["params"]);
        Objects(pipeline["triggers"]);
        Objects(pipeline["notifications"]);
    }

    /// <summary>Checks those of a task.</summary>
    public static void CheckTask(JsonFields task)
    {
        if (task["inject_api_token"].Flag() is true) task["inject_api_token"].Unsupported();
        Text(task["timeout"]);
        Text(task["uses"]);
        task["with"].Object();
        RefuseUnlessEmpty(task["with"]);
        foreach (var axis in task["matrix"].Entries()) axis.Texts();
        RefuseUnlessEmpty(task["matrix"]);
        Retry(task["retry"]);
        Concurrency(task["concurrency"]);
    }

    private static void Retry(JsonValue member)
    {
        if (member.Object() is not { } retry) return;
        retry["max_attempts"].Whole();
        retry["initial_delay"].Text();
        retry["factor"].Number();
        retry["max_delay"].Text();
        retry["on"].Texts();
        foreach (var code in retry["exit_codes"].Items()) code.Whole();
        retry.Done();
        RefuseUnlessEmpty(member);
    }

    private static void Concurrency(JsonValue member)
    {
        if (member.Object() is not { } concurrency) return;
        concurrency["key"].Text();
        concurrency["limit"].Whole();
        concurrency.Done();
        RefuseUnlessEmpty(member);
    }

    private static void Text(JsonValue member)
    {
        member.Text();
        RefuseUnlessEmpty(member);
    }

    private static void Objects(JsonValue member)
    {
        foreach (var item in member.Items()) item.Object();
        RefuseUnlessEmpty(member);
    }

    private static void RefuseUnlessEmpty(JsonValue member)
    {
        if (!member.IsEmpty) member.Unsupported();
    }
}
