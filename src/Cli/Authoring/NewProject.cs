using System.Text;
using Gofer.Domain.Common;

namespace Gofer.Cli.Authoring;

/// <summary>Writes a project into a folder and loses nothing that is there.</summary>
internal static class NewProject
{
    /// <summary>What a user may have of their own beside a pipeline, and keeps.</summary>
    private static readonly string[] s_kept = ["README.md", ".gitignore"];

    /// <summary>
    /// Writes <paramref name="files"/> by their paths and answers which of them were written. A folder that holds something is refused, unless
    /// it is to be added to (<paramref name="add"/>): then no file that is there is touched, and where one is in the way, or the folder
    /// holds a pipeline already, nothing is written. A repository without files counts as empty.
    /// </summary>
    public static Result<List<string>> Write(string folder, IReadOnlyDictionary<string, string> files, bool add)
    {
        if (File.Exists(folder)) return Refused($"{folder} is a file; a pipeline project is a folder.");
        var there = Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder).Select(e => Path.GetFileName(e)).Where(n => n != ".git").Order(StringComparer.Ordinal).ToList() : [];
        if (there.Count > 0 && !add)
        {
            return Refused($"{folder} is not empty: {Listed(there)}. Nothing was written. Name a new folder, or add to this one with --force, which touches no file that is there.");
        }

        if (PipelineSource.HeldBy(folder) is { } held) return Refused($"{folder} holds a pipeline already, {held}, which 'gofer up' would go on taking. Nothing was written.");
        var wanted = files.Where(f => !s_kept.Contains(f.Key) || !Path.Exists(Path.Combine(folder, f.Key))).ToList();
        var inTheWay = wanted.Select(f => f.Key).Where(f => Path.Exists(Path.Combine(folder, f))).ToList();
        if (inTheWay.Count > 0) return Refused($"{folder} has {Listed(inTheWay)} already. Nothing was written: move what is there away, or name a new folder.");
        try
        {
            foreach (var (path, text) in wanted)
            {
                var full = Path.Combine(folder, path);
                Directory.CreateDirectory(Path.GetDirectoryName(full)!);
                // Never over a file that came meanwhile.
                using var file = new FileStream(full, FileMode.CreateNew);
                file.Write(Encoding.UTF8.GetBytes(text));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Refused($"{folder} cannot be written to: {e.Message}");
        }

        return wanted.Select(f => f.Key).ToList();
    }

    private static Error Refused(string message) => new(ErrorKind.Invalid, ErrorCodes.ValidationFailed, message);

    private static string Listed(List<string> names) => string.Join(", ", names.Take(5).Select(Shown.Of)) + (names.Count > 5 ? $" and {names.Count - 5} more" : "");
}
