using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.SharedTasks;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.SharedTasks;

/// <summary>Lists shared tasks by name, each with its newest version.</summary>
public sealed record ListSharedTasks(SharedTaskPlace Place, PageRequest Page) : IRequest<Result<Page<SharedTaskView>>>;

/// <summary>Reads one with its newest version.</summary>
public sealed record GetSharedTask(SharedTaskPlace Place, string Name) : IRequest<Result<SharedTaskView>>;

/// <summary>Lists the versions of one, newest first.</summary>
public sealed record ListSharedTaskVersions(SharedTaskPlace Place, string Name, PageRequest Page) : IRequest<Result<Page<SharedTaskVersionView>>>;

/// <summary>Reads one version; <paramref name="Version"/> is as the caller wrote it.</summary>
public sealed record GetSharedTaskVersion(SharedTaskPlace Place, string Name, string Version) : IRequest<Result<SharedTaskVersionView>>;

internal sealed class ListSharedTasksHandler(IGoferDb db) : IRequestHandler<ListSharedTasks, Result<Page<SharedTaskView>>>
{
    public async Task<Result<Page<SharedTaskView>>> Handle(ListSharedTasks request, CancellationToken cancellationToken)
    {
        var home = await db.FindHomeAsync(request.Place, cancellationToken);
        if (!home.IsOk) return home.Error;
        if (request.Page.Check() is { } refused) return refused;
        var cursor = Cursors.Read(request.Page.Cursor);
        if (!cursor.IsOk) return cursor.Error;
        var (id, after) = (home.Value, cursor.Value ?? "");
        var rows = await db.SharedTasks.AsNoTracking().Where(t => t.NamespaceId == id && string.Compare(t.Name, after) > 0)
            .OrderBy(t => t.Name).Take(request.Page.Take + 1).ToListAsync(cancellationToken);
        var latest = (await db.LatestVersionsAsync([.. rows.Select(t => t.Id)], cancellationToken)).ToDictionary(v => v.TaskId);
        // One that was deleted between the two looks is gone.
        return Cursors.Page([.. rows.Where(t => latest.ContainsKey(t.Id))], request.Page.Take, t => t.View(latest[t.Id], request.Place), t => t.Name);
    }
}

internal sealed class GetSharedTaskHandler(IGoferDb db) : IRequestHandler<GetSharedTask, Result<SharedTaskView>>
{
    public async Task<Result<SharedTaskView>> Handle(GetSharedTask request, CancellationToken cancellationToken)
    {
        var task = await db.FindSharedTaskAsync(request.Place, request.Name, cancellationToken);
        if (!task.IsOk) return task.Error;
        var latest = await db.LatestVersionsAsync([task.Value.Id], cancellationToken);
        return latest is [var version]
            ? task.Value.View(version, request.Place)
            : new Error(ErrorKind.NotFound, ErrorCodes.SharedTaskNotFound, $"The shared task '{task.Value.Name}' was deleted just now.");
    }
}

internal sealed class ListSharedTaskVersionsHandler(IGoferDb db) : IRequestHandler<ListSharedTaskVersions, Result<Page<SharedTaskVersionView>>>
{
    public async Task<Result<Page<SharedTaskVersionView>>> Handle(ListSharedTaskVersions request, CancellationToken cancellationToken)
    {
        if (request.Page.Check() is { } refused) return refused;
        var cursor = Cursors.Read(request.Page.Cursor);
        if (!cursor.IsOk) return cursor.Error;
        var before = new TaskVersion(TaskVersion.Greatest + 1, 0, 0);
        if (cursor.Value is { } place && !TaskVersion.TryParse(place, out before)) return Cursors.Bad;
        var task = await db.FindSharedTaskAsync(request.Place, request.Name, cancellationToken);
        if (!task.IsOk) return task.Error;
        var (id, major, minor, patch) = (task.Value.Id, before.Major, before.Minor, before.Patch);
        var rows = await db.SharedTaskVersions.AsNoTracking()
            .Where(v => v.TaskId == id && (v.Major < major || (v.Major == major && (v.Minor < minor || (v.Minor == minor && v.Patch < patch)))))
            .OrderByDescending(v => v.Major).ThenByDescending(v => v.Minor).ThenByDescending(v => v.Patch).Take(request.Page.Take + 1).ToListAsync(cancellationToken);
        return Cursors.Page(rows, request.Page.Take, v => v.View(), v => v.Version.ToString());
    }
}

internal sealed class GetSharedTaskVersionHandler(IGoferDb db) : IRequestHandler<GetSharedTaskVersion, Result<SharedTaskVersionView>>
{
    public async Task<Result<SharedTaskVersionView>> Handle(GetSharedTaskVersion request, CancellationToken cancellationToken)
    {
        var task = await db.FindSharedTaskAsync(request.Place, request.Name, cancellationToken);
        if (!task.IsOk) return task.Error;
        if (!TaskVersion.TryParse(request.Version, out var wanted))
        {
            return new Error(ErrorKind.NotFound, ErrorCodes.VersionNotFound, $"{Shown.Quoted(request.Version)} is no version of a shared task: it is {TaskVersion.Rule}.");
        }

        var (id, major, minor, patch) = (task.Value.Id, wanted.Major, wanted.Minor, wanted.Patch);
        var found = await db.SharedTaskVersions.AsNoTracking()
            .SingleOrDefaultAsync(v => v.TaskId == id && v.Major == major && v.Minor == minor && v.Patch == patch, cancellationToken);
        if (found is not null) return found.View();
        var latest = await db.LatestVersionsAsync([id], cancellationToken);
        var newest = latest is [var version] ? $" Its newest is {version.Version}." : "";
        return new Error(ErrorKind.NotFound, ErrorCodes.VersionNotFound, $"The shared task '{task.Value.Name}' has no version {wanted}.{newest}");
    }
}
