using System.Text.Json;

namespace Gofer.Infrastructure.Postgres.Embedded;

/// <summary>The layout of npm's <c>@embedded-postgres/…</c>: packages hold no symbolic links, so a list says which to make.</summary>
internal static class NpmPackage
{
    private sealed record Link(string Source, string Target);

    /// <summary>Where below <paramref name="own"/> binaries may lie: plain, unpacked from the package, or installed by npm.</summary>
    public static IEnumerable<string> Folders(string own)
    {
        var scope = Path.Combine(own, "node_modules", "@embedded-postgres");
        var packages = Directory.Exists(scope) ? Directory.GetDirectories(scope).Order(StringComparer.Ordinal) : Enumerable.Empty<string>();
        return [own, Path.Combine(own, "bin"), .. new[] { own, Path.Combine(own, "package") }.Concat(packages).Select(package => Path.Combine(package, "native", "bin"))];
    }

    /// <summary>Makes the links that <c>native/pg-symlinks.json</c> beside <paramref name="binaries"/> lists and that are missing.</summary>
    public static void MakeLinks(string binaries)
    {
        var native = Path.GetDirectoryName(binaries);
        var list = native is null ? null : Path.Combine(native, "pg-symlinks.json");
        if (list is null || !File.Exists(list))
        {
            return;
        }

        var package = Path.GetFullPath(Path.GetDirectoryName(native)!);
        foreach (var link in JsonSerializer.Deserialize<Link[]>(File.ReadAllText(list), JsonSerializerOptions.Web) ?? [])
        {
            var (source, target) = (Path.GetFullPath(link.Source, package), Path.GetFullPath(link.Target, package));
            if (!target.StartsWith($"{package}/", StringComparison.Ordinal) || Path.Exists(target) || !File.Exists(source))
            {
                continue;
            }

            File.CreateSymbolicLink(target, Path.GetRelativePath(Path.GetDirectoryName(target)!, source));
        }
    }
}
