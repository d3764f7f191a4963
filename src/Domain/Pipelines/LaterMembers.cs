using Gofer.Domain.Common;

namespace Gofer.Domain.Pipelines;

/// <summary>
/// The members of the contract that this version does not act on. They are refused, since a document that asks for a shared task and
/// never runs it is worse than one that is refused; what is null or empty asks for nothing and passes.
/// </summary>
internal static class LaterMembers
{
    /// <summary>Checks those of a task.</summary>
    public static void CheckTask(JsonFields task)
    {
        task["uses"].Text();
        RefuseUnlessEmpty(task["uses"]);
        task["with"].Object();
        RefuseUnlessEmpty(task["with"]);
    }

    private static void RefuseUnlessEmpty(JsonValue member)
    {
        if (!member.IsEmpty) member.Unsupported();
    }
}
