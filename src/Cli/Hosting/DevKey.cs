using System.Security.Cryptography;
using Gofer.Domain.Common;
using Gofer.Infrastructure.Secrets;

namespace Gofer.Cli.Hosting;

/// <summary>The key of <c>gofer dev</c>: made at its first start, kept in its data folder for its user alone.</summary>
internal static class DevKey
{
    /// <summary>The file in the data folder.</summary>
    public const string FileName = "secret.key";

    /// <summary>The key in that file, or a new one put there; what is there and is no key is never written over.</summary>
    public static Result<KeyRing> Open(string path)
    {
        try
        {
            if (!File.Exists(path)) Make(path);
            var ring = KeyRing.Parse(File.ReadAllText(path).Trim());
            return ring.IsOk ? ring : Error.Invalid("", $"{path} {ring.Error.Message} What dev's secrets are sealed with stands there; without it they are lost.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Error.Invalid("", $"{path}, the key that dev seals secrets with, cannot be used: {e.Message}");
        }
    }

    /// <summary>A crash in the middle leaves a file beside it: the key is there whole or not at all.</summary>
    private static void Make(string path)
    {
        var beside = $"{path}.{Environment.ProcessId}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(beside, options))
        {
            // A name of its own: another folder over the same database has another key.
            file.Write(System.Text.Encoding.ASCII.GetBytes(KeyRing.Generate($"dev-{RandomNumberGenerator.GetHexString(6, lowercase: true)}") + "\n"));
            file.Flush(flushToDisk: true);
        }

        File.Move(beside, path, overwrite: false);
    }
}
