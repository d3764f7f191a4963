using Gofer.Domain.Common;

namespace Gofer.Domain.Pipelines;

/// <summary>
/// The members of the contract that this version does not act on. They are refused, since a document that asks for a schedule and
/// never runs by it is worse than one that is refused; what is null, empty or the default asks for nothing and passes.
/// </summary>
internal static class LaterMembers
{
    /// <summary>Checks those of the pipeline.</summary>
    public static void CheckPipeline(JsonFields pipeline)
    {
        Objects(pipeline["triggers"]);
        Objects(pipeline["notifications"]);
    }

    /// <summary>Checks those of a task.</summary>
    public static void CheckTask(JsonFields task)
    {
        Text(task["uses"]);
        task["with"].Object();
        RefuseUnlessEmpty(task["with"]);
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
