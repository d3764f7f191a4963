using System.Collections;
using System.Text.RegularExpressions;
using Gofer.Domain.Common;

namespace Gofer.Cli.Configuration;

/// <summary>
/// What the environment sets: <c>GOFER_SECTION__KEY</c>, or <c>…_FILE</c> naming a file that holds the value. A variable that is empty is
/// not set; one of the prefix that is no setting is a mistake.
/// </summary>
internal static partial class Variables
{
    public const string Prefix = "GOFER_";

    /// <summary>Names the settings file, as <c>--config</c> does.</summary>
    public const string Config = "GOFER_CONFIG";

    /// <summary>What every task gets, where a command runs inside of one, and what it takes from there.</summary>
    private static readonly Dictionary<string, Setting?> s_ofTasks = new(StringComparer.Ordinal)
    {
        ["GOFER_NAMESPACE_ID"] = SettingTable.Namespace,
        ["GOFER_API_URL"] = SettingTable.Server,
        ["GOFER_API_TOKEN"] = SettingTable.Token,
        ["GOFER_PIPELINE_ID"] = null,
        ["GOFER_PIPELINE_VERSION"] = null,
        ["GOFER_RUN_ID"] = null,
        ["GOFER_RUN_UUID"] = null,
        ["GOFER_TASK_ID"] = null,
        ["GOFER_TASK_IMAGE"] = null,
        ["GOFER_ATTEMPT"] = null,
    };

    /// <summary>The environment of this process.</summary>
    public static Dictionary<string, string> OfProcess() => Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .ToDictionary(v => (string)v.Key, v => (string?)v.Value ?? "");

    /// <summary>What the operator set, and below it what the task that the command runs in was given.</summary>
    public static (Layer Set, Layer OfTask) Read(SettingInputs inputs, List<string> complaints)
    {
        var (set, task) = (new Layer { SendsTokenAnywhere = true }, new Layer());
        foreach (var (name, text) in inputs.Environment.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal) || text.Length == 0) continue;
            if (SettingTable.ByVariable(name) is { } setting)
            {
                set.Add(setting, text, new Source(SourceKind.Environment, name), name, complaints);
            }
            else if (name.EndsWith(SecretFile.Suffix, StringComparison.Ordinal) && SettingTable.ByVariable(name[..^SecretFile.Suffix.Length]) is { } filed)
            {
                if (inputs.Environment.GetValueOrDefault(filed.Variable) is { Length: > 0 })
                {
                    complaints.Add($"{filed.Variable} and {name} are both set; leave one of them away.");
                    continue;
                }

                var (content, wrong) = SecretFile.Read(text, inputs.Folder, inputs.Home);
                if (wrong is not null) complaints.Add($"{name} {wrong}");
                else set.Add(filed, content!, new Source(SourceKind.Environment, $"{name} ({text})"), $"The file that {name} names: {filed.Key}", complaints);
            }
            else if (s_ofTasks.TryGetValue(name, out var given))
            {
                if (given is not null) task.Add(given, text, new Source(SourceKind.Environment, name), name, complaints);
            }
            else if (name != Config && !IsForeign(name, text))
            {
                complaints.Add(Unknown(name));
            }
        }

        return (set, task);
    }

    /// <summary>What is said of a variable that is no setting.</summary>
    private static string Unknown(string name) => Nearest.Of(name, SettingTable.All.Select(s => s.Variable)) is { } nearest
        ? $"There is no setting {Shown.Quoted(name)} (a variable of the environment). Did you mean '{nearest}'?"
        : $"There is no setting {Shown.Quoted(name)} (a variable of the environment). 'gofer config' lists those that there are.";

    /// <summary>
    /// Variables of the same prefix that others set: the project's own tests, and Kubernetes for every service whose name begins with
    /// gofer, such as <c>GOFER_SERVICE_HOST</c> and <c>GOFER_API_PORT=tcp://10.0.0.1:8080</c>.
    /// </summary>
    private static bool IsForeign(string name, string text) =>
        name.StartsWith("GOFER_TEST", StringComparison.Ordinal)
        || OfService().IsMatch(name)
        || (name.EndsWith("_PORT", StringComparison.Ordinal) && text.Contains("://", StringComparison.Ordinal));

    [GeneratedRegex(@"^GOFER_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$", RegexOptions.NonBacktracking)]
    private static partial Regex OfService();
}
