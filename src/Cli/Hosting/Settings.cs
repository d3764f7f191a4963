using System.Collections;
using System.Globalization;
using Gofer.Domain.Common;
using Microsoft.Extensions.Configuration;
using Tomlyn;
using Tomlyn.Model;

namespace Gofer.Cli.Hosting;

/// <summary>
/// Settings by precedence: flag, environment (<c>GOFER_SECTION__KEY</c>, or <c>…_FILE</c> naming a file that holds the value), settings file,
/// default. The key <c>worker.stop_grace</c> is <c>GOFER_WORKER__STOP_GRACE</c> is <c>Gofer:Worker:StopGrace</c>.
/// </summary>
public static class Settings
{
    private const string Prefix = "GOFER_";
    private const string FileSuffix = "_FILE";

    /// <summary>The files that are looked for where none is named.</summary>
    private static IEnumerable<string> Usual =>
    [
        Path.GetFullPath("gofer.toml"),
        Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config", "gofer", "config.toml"),
        "/etc/gofer/gofer.toml",
    ];

    /// <summary>Reads file and <paramref name="environment"/> (the process' own where null); <paramref name="flags"/> win over both.</summary>
    public static Result<IConfigurationRoot> Load(
        string? file, IReadOnlyDictionary<string, string?> flags, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        var written = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var path = file ?? Usual.FirstOrDefault(File.Exists);
        if (path is not null)
        {
            try
            {
                Flatten(TomlSerializer.Deserialize<TomlTable>(File.ReadAllText(path)) ?? [], "", values, written);
            }
            catch (Exception e) when (e is TomlException or IOException or UnauthorizedAccessException)
            {
                return new Error(ErrorKind.Malformed, ErrorCodes.MalformedRequest, $"The settings file {path} cannot be read: {e.Message}");
            }
        }

        foreach (var (name, set) in environment ?? OfProcess())
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            var key = name[Prefix.Length..];
            var value = set;
            if (key.EndsWith(FileSuffix, StringComparison.Ordinal) && value is not null && File.Exists(value))
            {
                (key, value) = (key[..^FileSuffix.Length], File.ReadAllText(value).TrimEnd('\n', '\r'));
            }

            Set(key.Split("__"), value, name, values, written);
        }

        foreach (var (key, value) in flags)
        {
            if (value is not null) values[key] = value;
        }

        var complaints = written.Select(w => SettingKeys.Complaint(w.Key, w.Value)).OfType<string>().ToList();
        if (complaints.Count > 0) return Error.Invalid("", string.Join(' ', complaints));
        foreach (var key in values.Keys.Where(SettingKeys.IsDuration).ToList())
        {
            if (!Duration.TryParse(values[key], out var duration))
            {
                return Error.Invalid("", $"The setting {SettingKeys.Shown(key)} is {Shown.Quoted(values[key]!)}; it must be a duration such as 90s or 1h30m.");
            }

            values[key] = duration.ToString("c", CultureInfo.InvariantCulture);
        }

        return (ConfigurationRoot)new ConfigurationBuilder().AddInMemoryCollection(values).Build();
    }

    private static Dictionary<string, string?> OfProcess() => Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .ToDictionary(v => (string)v.Key, v => (string?)v.Value);

    private static void Flatten(TomlTable table, string prefix, Dictionary<string, string?> values, Dictionary<string, string> written)
    {
        foreach (var (name, value) in table)
        {
            var path = prefix + name;
            if (value is TomlTable inner) Flatten(inner, path + ".", values, written);
            else Set(path.Split('.'), Convert.ToString(value, CultureInfo.InvariantCulture), path, values, written);
        }
    }

    private static void Set(string[] path, string? value, string asWritten, Dictionary<string, string?> values, Dictionary<string, string> written)
    {
        var key = $"Gofer:{string.Join(':', path.Select(n => n.Replace("_", "", StringComparison.Ordinal)))}";
        (values[key], written[key]) = (value, asWritten);
    }
}
