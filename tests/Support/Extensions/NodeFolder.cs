using System.Security.Cryptography;
using Gofer.Tests.Support.Node;

namespace Gofer.Tests.Support.Extensions;

/// <summary>
/// A folder with a script of the repository as it stands there, the protos that it reads, and its packages, which are installed once into the user's cache by its lock file. It is thrown away
/// in the end.
/// </summary>
public sealed class NodeFolder : IAsyncDisposable
{
    private NodeFolder(string root) => Root = root;

    /// <summary>The folder.</summary>
    public string Root { get; }

    /// <summary>Makes one for <paramref name="script"/>, which is named from the repository's root.</summary>
    public static async Task<NodeFolder> MakeAsync(string script, CancellationToken cancellationToken)
    {
        var folder = Path.GetDirectoryName(script)!;
        string[] locked = [Repository.PathOf($"{folder}/package.json"), Repository.PathOf($"{folder}/package-lock.json")];
        var version = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(locked[1], cancellationToken)))[..12];
        var packages = await NodePackages.InstallAsync($"{Path.GetFileName(folder)}-{version}", ["ci"], locked, cancellationToken);
        var made = new NodeFolder(Directory.CreateTempSubdirectory("gofer-example-").FullName);
        var protos = Repository.PathOf("proto");
        foreach (var file in Directory.EnumerateFiles(protos, "*.proto", SearchOption.AllDirectories)) Copy(file, made.PathOf(Path.Combine("proto", Path.GetRelativePath(protos, file))));
        foreach (var file in new[] { script, $"{folder}/package.json" }) Copy(Repository.PathOf(file), made.PathOf(file));
        Directory.CreateSymbolicLink(made.PathOf($"{folder}/node_modules"), Path.Combine(packages, "node_modules"));
        return made;
    }

    /// <summary>Where a file of the repository is here.</summary>
    public string PathOf(string file) => Path.Combine(Root, file);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Directory.Delete(Root, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        File.Copy(from, to);
    }
}
