using Gofer.Application.Access;
using Gofer.Domain.Common;
using Gofer.Domain.Namespaces;
using Gofer.Domain.Pipelines;
using Microsoft.EntityFrameworkCore;

namespace Gofer.Application.Common;

/// <summary>Finds what a path names, from the outside in: the error names the first thing that is not there, and what was likely meant.</summary>
internal static class Lookups
{
    /// <summary>How many names are looked through for the one that was meant.</summary>
    private const int Suggestions = 1000;

    extension(IGoferDb db)
    {
        /// <summary>The namespace of that name; one that the caller does not see is as missing as one that is not there.</summary>
        public async Task<Result<Namespace>> FindNamespaceAsync(NamespaceScope scope, CancellationToken cancellationToken)
        {
            var name = scope.Name;
            // A name that cannot be is not asked for: it may hold what no database text can.
            var found = Slug.IsValid(name) && scope.IsSeen
                ? await db.Namespaces.SingleOrDefaultAsync(n => n.Name == name && n.DeletedAt == null, cancellationToken)
                : null;
            if (found is not null) return found;
            var names = await db.Namespaces.Where(n => n.DeletedAt == null).SeenBy(scope.Sights).Select(n => n.Name).Take(Suggestions).ToListAsync(cancellationToken);
            return NotFound(ErrorCodes.NamespaceNotFound, $"No namespace {Shown.Quoted(name)}.", name, names);
        }

        /// <summary>The pipeline of that name in the namespace of that name.</summary>
        public async Task<Result<Pipeline>> FindPipelineAsync(NamespaceScope scope, string name, CancellationToken cancellationToken)
        {
            var home = await db.FindNamespaceAsync(scope, cancellationToken);
            if (!home.IsOk) return home.Error;
            var found = Slug.IsValid(name)
                ? await db.Pipelines.SingleOrDefaultAsync(
                    p => p.NamespaceId == home.Value.Id && p.Name == name && p.DeletedAt == null, cancellationToken)
                : null;
            if (found is not null) return found;
            var names = await db.Pipelines.Where(p => p.NamespaceId == home.Value.Id && p.DeletedAt == null)
                .Select(p => p.Name).Take(Suggestions).ToListAsync(cancellationToken);
            return NotFound(ErrorCodes.PipelineNotFound, $"No pipeline {Shown.Quoted(name)} in {Shown.Quoted(scope.Name)}.", name, names);
        }
    }

    /// <summary>The error for a name that is not there, with the nearest that is.</summary>
    public static Error NotFound(string code, string message, string name, IEnumerable<string> names) =>
        new(ErrorKind.NotFound, code, Nearest.Of(name, names) is { } nearest ? $"{message} Did you mean {Shown.Quoted(nearest)}?" : message);
}
