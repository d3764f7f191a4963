using System.Reflection;
using Gofer.Api;
using Gofer.Domain.Common;
using Gofer.Worker;
using Text = Gofer.Domain.Common.Shown;

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
    /// the search for Postgres looks at. Those that begin with <c>GOFER_TEST</c> belong to the project's own tests.
    /// </summary>
    private static readonly HashSet<string> s_others = new(StringComparer.OrdinalIgnoreCase)
    {
        "Gofer:NamespaceId", "Gofer:PipelineId", "Gofer:PipelineVersion", "Gofer:RunId", "Gofer:TaskId", "Gofer:TaskImage", "Gofer:Attempt", "Gofer:ApiUrl",
        "Gofer:ApiToken", "Gofer:PostgresBin",
    };

    private static readonly Dictionary<string, Type> s_all =
        s_top.Select(name => KeyValuePair.Create($"Gofer:{name}", typeof(string)))
            .Concat(Of(ApiOptions.Section, typeof(ApiOptions)))
            .Concat(Of(WorkerOptions.Section, typeof(WorkerOptions)))
            .ToDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>All of them as the settings file has them.</summary>
    public static IEnumerable<string> All => s_all.Keys.Select(Shown);

    /// <summary>Why there is no such setting, or null; <paramref name="written"/> is what somebody wrote, in the file or the environment.</summary>
    public static string? Complaint(string key, string written)
    {
        if (s_all.ContainsKey(key) || s_others.Contains(key) || written.StartsWith("GOFER_TEST", StringComparison.Ordinal)) return null;
        Func<string, string> form = written.StartsWith("GOFER_", StringComparison.Ordinal) ? Variable : Shown;
        var there = s_all.Keys.Select(form).Order(StringComparer.Ordinal).ToList();
        return Nearest.Of(written, there) is { } nearest
            ? $"There is no setting {Text.Quoted(written)}. Did you mean '{nearest}'?"
            : $"There is no setting {Text.Quoted(written)}. There are: {string.Join(", ", there)}.";
    }

    /// <summary>Whether the setting is a duration, written <c>90s</c> or <c>1h30m</c>.</summary>
    public static bool IsDuration(string key) => s_all.GetValueOrDefault(key) == typeof(TimeSpan);

    /// <summary>The key as the settings file has it: <c>Gofer:Worker:StopGrace</c> is <c>worker.stop_grace</c>.</summary>
    public static string Shown(string key) => string.Join('.', key.Split(':').Skip(1).Select(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName));

    private static string Variable(string key) => "GOFER_" + Shown(key).Replace(".", "__", StringComparison.Ordinal).ToUpperInvariant();

    private static IEnumerable<KeyValuePair<string, Type>> Of(string section, Type options) =>
        options.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(p => KeyValuePair.Create($"{section}:{p.Name}", p.PropertyType))
            .Where(p => !s_own.Contains(p.Key));
}
