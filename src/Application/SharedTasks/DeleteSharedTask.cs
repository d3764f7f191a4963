using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using MediatR;

namespace Gofer.Application.SharedTasks;

/// <summary>Deletes a shared task with all its versions, unless a live version of a pipeline or an unfinished run uses it.</summary>
public sealed record DeleteSharedTask(SharedTaskPlace Place, string Name) : IRequest<Result>
{
    /// <summary>How many users a refusal names.</summary>
    public const int MaxNamed = 10;
}

internal sealed class DeleteSharedTaskHandler(IGoferDb db, AuditTrail audit) : IRequestHandler<DeleteSharedTask, Result>
{
    public async Task<Result> Handle(DeleteSharedTask request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var found = await db.FindSharedTaskAsync(request.Place, request.Name, cancellationToken);
        if (!found.IsOk) return found.Error;
        // Whoever registers a document or creates a run that uses it holds the row until that is committed, and is seen below.
        if (await db.LockSharedTaskAsync(found.Value.Id, cancellationToken) is not { } task)
        {
            return new Error(ErrorKind.NotFound, ErrorCodes.SharedTaskNotFound, $"The shared task '{found.Value.Name}' was deleted just now.");
        }

        var users = await db.SharedTaskUsersAsync(task, DeleteSharedTask.MaxNamed + 1, cancellationToken);
        if (users.Count > 0)
        {
            var named = string.Join(", ", users.Take(DeleteSharedTask.MaxNamed)) + (users.Count > DeleteSharedTask.MaxNamed ? " and others" : "");
            return new Error(
                ErrorKind.Conflict, ErrorCodes.SharedTaskInUse,
                $"The shared task '{task.Name}' is used by {named}: by the live version, or by a run that has not ended. Deploy versions that do without it, and let the runs end.");
        }

        db.SharedTasks.Remove(task);
        audit.Note(AuditTypes.SharedTaskDeleted, new AuditTarget(request.Place.Namespace?.Name, null, task.Name));
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return Result.Ok;
    }
}
