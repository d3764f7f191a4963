namespace Gofer.Cli.Configuration;

/// <summary>A file that holds the value of a setting, as orchestrators mount their secrets.</summary>
internal static class SecretFile
{
    /// <summary>What follows the name of a setting where a file is named in place of the value.</summary>
    public const string Suffix = "_FILE";

    private const int MaxBytes = 1 << 20;

    /// <summary>
    /// The text of the file without its last line break, or what is wrong with it; <c>~/</c> is the home, other relative paths begin at
    /// <paramref name="folder"/>.
    /// </summary>
    public static (string? Text, string? Complaint) Read(string path, string folder, string? home)
    {
        var full = path.StartsWith("~/", StringComparison.Ordinal) && home is not null ? Path.Combine(home, path[2..]) : Path.Combine(folder, path);
        try
        {
            if (Directory.Exists(full)) return (null, $"names {full}, which is a folder and no file.");
            if (!File.Exists(full)) return (null, $"names {full}, and there is no such file.");
            if (new FileInfo(full).Length > MaxBytes) return (null, $"names {full}, which is too large to hold a setting.");
            var text = File.ReadAllText(full);
            text = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
            return text.Length > 0 ? (text, null) : (null, $"names {full}, which is empty.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, $"names {full}, which cannot be read: {e.Message}");
        }
    }
}
