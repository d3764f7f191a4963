using System.Security.Cryptography;
using System.Text.Json;
using Gofer.Application.Audit;
using Gofer.Application.Common;
using Gofer.Application.Secrets;
using Gofer.Application.Triggers;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Extensions;
using Gofer.Domain.Secrets;
using MediatR;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Extensions;

/// <summary>Installs an extension. Its URL and, of one at an endpoint, its token are in this answer alone.</summary>
public sealed record InstallExtension(ExtensionDefinition Definition, bool Enabled) : IRequest<Result<Tagged<ExtensionView>>>;

/// <summary>Changes how an extension is run, or enables or disables it; what is left away stays. Subscriptions stay too.</summary>
public sealed record UpdateExtension(string Name, ExtensionChange Change, bool? Enabled, string? IfMatch) : IRequest<Result<Tagged<ExtensionView>>>;

/// <summary>Uninstalls an extension; one that triggers subscribe to only with <paramref name="Force"/>, and they are shown to miss it then.</summary>
public sealed record UninstallExtension(string Name, bool Force, string? IfMatch) : IRequest<Result>;

internal sealed class InstallExtensionHandler(IGoferDb db, ISecretStore secrets, AuditTrail audit, ITriggerQueue queue, TimeProvider clock)
    : IRequestHandler<InstallExtension, Result<Tagged<ExtensionView>>>
{
    public async Task<Result<Tagged<ExtensionView>>> Handle(InstallExtension request, CancellationToken cancellationToken)
    {
        var (definition, now) = (request.Definition, clock.GetUtcNow());
        await using var transaction = await db.BeginAsync(cancellationToken);
        if (await db.Extensions.AnyAsync(e => e.Name == definition.Id, cancellationToken)) return Exists(definition.Id);
        if (await db.Extensions.CountAsync(cancellationToken) is var count and >= ExtensionDefinition.MaxCount)
        {
            return Error.Invalid("", $"There are {count} extensions, which is the most. Uninstall one first.");
        }

        var extension = new Extension(new ExtensionId(Guid.CreateVersion7(now)), definition.Id, now);
        extension.Define(definition, request.Enabled, now);
        var (hook, token) = (extension.GiveHook(), RandomNumberGenerator.GetHexString(64, lowercase: true));
        db.Extensions.Add(extension);
        audit.Note(AuditTypes.ExtensionInstalled, AuditTarget.OfInstall(extension.Name), JsonDocument.Parse(extension.Definition).RootElement);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is System.Data.Common.DbException { SqlState: "23505" })
        {
            return Exists(definition.Id);
        }

        await db.TouchExtensionAsync(extension.Id, extension.Name, cancellationToken);
        // Before the commit: a crash between the two leaves a token of nothing.
        await secrets.PutAsync(new SecretScope.Global(), ExtensionSecrets.TokenKey(extension.Id), SecretText.Of(token).Value, [], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        queue.Wake();
        return await db.TaggedAsync(extension, cancellationToken, hook, definition.Endpoint is null ? null : token);
    }

    private static Error Exists(string name) => new(ErrorKind.Conflict, ErrorCodes.ExtensionExists, $"There is an extension '{name}' already. PATCH changes it.");
}

internal sealed class UpdateExtensionHandler(IGoferDb db, AuditTrail audit, ITriggerQueue queue, TimeProvider clock) : IRequestHandler<UpdateExtension, Result<Tagged<ExtensionView>>>
{
    public async Task<Result<Tagged<ExtensionView>>> Handle(UpdateExtension request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var found = await db.FindExtensionAsync(request.Name, cancellationToken);
        if (!found.IsOk) return found.Error;
        var extension = found.Value;
        if (EntityTags.Refuse(request.IfMatch, extension.Revision) is { } stale) return stale;
        var definition = request.Change.Apply(extension.Definition);
        if (!definition.IsOk) return definition.Error;
        if (extension.Define(definition.Value, request.Enabled ?? extension.Enabled, clock.GetUtcNow()))
        {
            var what = request.Change.IsEmpty ? JsonSerializer.SerializeToElement(new { enabled = extension.Enabled }) : JsonDocument.Parse(extension.Definition).RootElement;
            audit.Note(AuditTypes.ExtensionUpdated, AuditTarget.OfInstall(extension.Name), what);
        }

        await db.SaveChangesAsync(cancellationToken);
        await db.TouchExtensionAsync(extension.Id, extension.Name, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        queue.Wake();
        return await db.TaggedAsync(extension, cancellationToken);
    }
}

internal sealed class UninstallExtensionHandler(IGoferDb db, ISecretStore secrets, AuditTrail audit, ITriggerQueue queue) : IRequestHandler<UninstallExtension, Result>
{
    /// <summary>How many users the refusal names.</summary>
    private const int Named = 10;

    public async Task<Result> Handle(UninstallExtension request, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(cancellationToken);
        var extension = await db.FindExtensionAsync(request.Name, cancellationToken);
        if (!extension.IsOk) return extension.Error;
        if (EntityTags.Refuse(request.IfMatch, extension.Value.Revision) is { } stale) return stale;
        var users = await (
            from t in db.Triggers
            join p in db.Pipelines on t.PipelineId equals p.Id
            join n in db.Namespaces on p.NamespaceId equals n.Id
            where t.Extension == request.Name && p.DeletedAt == null
            orderby n.Name, p.Name, t.Name
            select n.Name + "/" + p.Name + "/" + t.Name).Take(Named + 1).ToListAsync(cancellationToken);
        if (users.Count > 0 && !request.Force)
        {
            return new Error(
                ErrorKind.Conflict, ErrorCodes.InUse,
                $"Triggers subscribe to the extension '{request.Name}': {string.Join(", ", users.Take(Named))}{(users.Count > Named ? " and more" : "")}. Delete them first, or uninstall it with force.");
        }

        db.Extensions.Remove(extension.Value);
        audit.Note(AuditTypes.ExtensionUninstalled, AuditTarget.OfInstall(extension.Value.Name));
        await db.SaveChangesAsync(cancellationToken);
        await db.TouchExtensionAsync(extension.Value.Id, extension.Value.Name, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        queue.Wake();
        // Whoever holds it knows the token still, and ends it. A crash before this leaves a token of nothing.
        await secrets.DeleteAsync(new SecretScope.Global(), ExtensionSecrets.TokenKey(extension.Value.Id), cancellationToken);
        return Result.Ok;
    }
}
