using System.Reflection;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;

namespace Gofer.Cli.Authoring;

/// <summary>
/// A small pipeline project in one language, which runs as it is written: what it needs of an SDK is among its files. The files are those
/// of <c>sdk/templates</c>, embedded; where they say <c>my-pipeline</c>, the pipeline's id stands.
/// </summary>
/// <param name="Language">What <c>--lang</c> calls it.</param>
/// <param name="Title">Its name for people.</param>
/// <param name="Tool">The program that prints the document; null where the document is a file.</param>
internal sealed record ProjectTemplate(string Language, string Title, string? Tool)
{
    private const string Folder = "init/";
    private const string Placeholder = "my-pipeline";

    /// <summary>Every language, in the order in which they are offered.</summary>
    public static IReadOnlyList<ProjectTemplate> All { get; } =
    [
        new("csharp", "C#", "dotnet"), new("json", "JSON", null), new("go", "Go", "go"), new("rust", "Rust", "cargo"),
        new("typescript", "TypeScript", "node"), new("python", "Python", "python3"),
    ];

    /// <summary>Its files by their paths, with slashes, for the pipeline of that id.</summary>
    public IReadOnlyDictionary<string, string> Files(string id)
    {
        var assembly = typeof(ProjectTemplate).Assembly;
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            var path = resource.Replace('\\', '/');
            if (!path.StartsWith($"{Folder}{Language}/", StringComparison.Ordinal)) continue;
            files[Named(path[(Folder.Length + Language.Length + 1)..])] = Read(assembly, resource).Replace(Placeholder, id, StringComparison.Ordinal);
        }

        if (Language == "json") files["pipeline.v1.json"] = PipelineSchema.Write(DocumentLimits.Default);
        return files;
    }

    /// <summary>The id that a pipeline in that folder gets: its name, as far as an id may be so.</summary>
    public static string IdFor(string folder)
    {
        var name = string.Concat(Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-'));
        name = name.TrimStart('-', '_');
        if (name.Length > Slug.MaxLength) name = name[..Slug.MaxLength];
        name = name.TrimEnd('-', '_');
        return name.Length == 0 ? "hello" : name;
    }

    /// <summary>In the tree it must not rule the tree.</summary>
    private static string Named(string path) => path == "gitignore" ? ".gitignore" : path;

    private static string Read(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
