using System.Runtime.CompilerServices;

namespace Gofer.Tests.Support;

/// <summary>Where the repository is whose tests these are.</summary>
public static class Repository
{
    /// <summary>Its folder.</summary>
    public static string Root { get; } = Find();

    /// <summary>The full path of something in it.</summary>
    public static string PathOf(string path) => Path.Combine(Root, path);

    private static string Find([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));
}
