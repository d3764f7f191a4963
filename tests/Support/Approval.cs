namespace Gofer.Tests.Support;

/// <summary>
/// Texts that somebody has read and found good, each in a file beside its test. <c>GOFER_TEST_APPROVE=1</c> writes what is there now: the
/// difference is then read with the change that made it.
/// </summary>
public static class Approval
{
    /// <summary>Whether what is there is to be written, not compared.</summary>
    public static bool Writes { get; } = Environment.GetEnvironmentVariable("GOFER_TEST_APPROVE") == "1";

    /// <summary>The approved text of that file; <paramref name="text"/> itself where it is written now. Null where there is none.</summary>
    public static async Task<string?> ReadAsync(string path, string text, CancellationToken cancellationToken)
    {
        if (Writes)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, text, cancellationToken);
        }

        return File.Exists(path) ? await File.ReadAllTextAsync(path, cancellationToken) : null;
    }
}
