using System.Reflection;
using Gofer.Api;
using Gofer.Domain.Common;
using Gofer.Worker;

namespace Gofer.Cli.Hosting;

/// <summary>Every setting that there is, by its configuration key; shown to people as the settings file has it.</summary>
internal static class SettingKeys
{
    /// <summary>Where containers reach the API.</summary>
    public const string PublicUrl = "Gofer:PublicUrl";

    private static readonly string[] s_top = ["Postgres", "Server", "Namespace", "Data", "Listen", "Scheduler", "DockerHost", "PublicUrl"];

    /// <summary>What the program decides and nobody sets.</summary>
    private static readonly HashSet<string> s_own =
    [
        $"{ApiOptions.Section}:{nameof(ApiOptions.DevMode)}", $"{ApiOptions.Section}:{nameof(ApiOptions.Scheduler)}",
        $"{WorkerOptions.Section}:{nameof(WorkerOptions.PublicUrl)}",
    ];

    /// <summary>
    /// Variables of the same prefix that are no settings: those that every task gets, where the command runs inside of one, and what
    /// the search for Postgres looks at.
    /// </summary>
    private static readonly HashSet<string> s_others = new(StringComparer.OrdinalIgnoreCase)
    {
        "Gofer:NamespaceId", "Gofer:PipelineId", "Gofer:PipelineVersion", "Gofer:RunId", "Gofer:TaskId", "Gofer:TaskImage", "Gofer:Attempt", "Gofer:ApiUrl",
        "Gofer:ApiToken", "Gofer:PostgresBin", "Gofer:TestPostgres",
    };

    private static readonly Dictionary<string, Type> s_all =
        s_top.Select(name => KeyValuePair.Create($"Gofer:{name}", typeof(string)))
            .Concat(Of(ApiOptions.Section, typeof(ApiOptions)))
            .Concat(Of(WorkerOptions.Section, typeof(WorkerOptions)))
            .ToDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>Why there is no such setting, or null.</summary>
    public static string? Complaint(string key)
    {
        if (s_all.ContainsKey(key) || s_others.Contains(key)) return null;
        var shown = Shown(key);
        return Nearest.Of(shown, s_all.Keys.Select(Shown)) is { } nearest
            ? $"There is no setting '{shown}'. Did you mean '{nearest}'?"
            : $"There is no setting '{shown}'. There are: {string.Join(", ", s_all.Keys.Select(Shown).Order(StringComparer.Ordinal))}.";
    }

    /// <summary>Whether the setting is a duration, written <c>90s</c> or <c>1h30m</c>.</summary>
    public static bool IsDuration(string key) => s_all.GetValueOrDefault(key) == typeof(TimeSpan);

    /// <summary>The key as the settings file has it: <c>Gofer:Worker:StopGrace</c> is <c>worker.stop_grace</c>.</summary>
    public static string Shown(string key) => string.Join('.', key.Split(':').Skip(1).Select(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName));

    private static IEnumerable<KeyValuePair<string, Type>> Of(string section, Type options) =>
        options.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(p => KeyValuePair.Create($"{section}:{p.Name}", p.PropertyType))
            .Where(p => !s_own.Contains(p.Key));
}
