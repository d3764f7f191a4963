using System.Globalization;

namespace Gofer.Tests.Chaos.Install;

/// <summary>Finds processes of tasks: whatever lives with the journal of this install in its environment.</summary>
internal static class Leftovers
{
    /// <summary>Their numbers.</summary>
    public static IReadOnlyList<int> Of(string root)
    {
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) continue;
            try
            {
                if (File.ReadAllText($"{folder}/environ").Contains($"CHAOS_JOURNAL={root}/", StringComparison.Ordinal)) found.Add(pid);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // ended meanwhile, or somebody else's
            }
        }

        return found;
    }
}
