using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using Gofer.Domain.Triggers;

namespace Gofer.Domain.Pipelines;

/// <summary>
/// Writes a document in its one normal form: members in ordinal order at every level, defaults left out, arrays in the author's order but for triggers
/// and notifications, whose order says nothing.
/// Documents that mean the same are the same text, and reading it gives the document back.
/// </summary>
public static class DocumentWriter
{
    // Not for HTML: text stays readable. What JSON itself demands is escaped all the same.
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The normalised document as compact JSON.</summary>
    public static string Write(PipelineDocument document)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, _options))
        {
            json.WriteStartObject();
            Text(json, "description", document.Description);
            json.WriteString("id", document.Id);
            Map(json, "labels", document.Labels);
            if (document.Name != document.Id) Text(json, "name", document.Name);
            if (document.Notifications is { } notifications)
            {
                json.WriteStartArray("notifications");
                foreach (var notification in notifications.OrderBy(n => n.Id, StringComparer.Ordinal)) NotificationWriter.Write(json, notification);
                json.WriteEndArray();
            }

            if (document.OnLimit != LimitPolicy.Queue) json.WriteString("on_limit", PolicyName(document.OnLimit));
            if (document.Parallelism != 0) json.WriteNumber("parallelism", document.Parallelism);
            WriteParams(json, "params", document.Params);
            if (document.Priority != 0) json.WriteNumber("priority", document.Priority);
            json.WriteStartArray("tasks");
            foreach (var task in document.Tasks) Write(json, task);
            json.WriteEndArray();
            Time(json, "timeout", document.Timeout);
            if (document.Triggers is { } triggers)
            {
                json.WriteStartArray("triggers");
                foreach (var trigger in triggers.OrderBy(t => t.Definition.Id, StringComparer.Ordinal)) TriggerWriter.Write(json, trigger);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>One task in its normal form: tasks that do the same are the same text.</summary>
    public static string Write(TaskDefinition task)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, _options)) Write(json, task);
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>SHA-256 of a normalised document, in lower-case hexadecimal.</summary>
    public static string Hash(string normalised) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(normalised)));

    private static void Write(Utf8JsonWriter json, TaskDefinition task)
    {
        json.WriteStartObject();
        Flag(json, "allow_failure", task.AllowFailure);
        Flag(json, "always_pull_newest_image", task.AlwaysPullNewestImage);
        Words(json, "command", task.Command);
        if (task.Concurrency is { } rule)
        {
            json.WriteStartObject("concurrency");
            json.WriteString("key", rule.Key);
            json.WriteNumber("limit", rule.Limit);
            json.WriteEndObject();
        }

        Map(json, "depends_on", task.DependsOn.ToDictionary(d => d.Key, d => ConditionName(d.Value), StringComparer.Ordinal));
        Text(json, "description", task.Description);
        Words(json, "entrypoint", task.Entrypoint);
        json.WriteString("id", task.Id);
        Text(json, "image", task.Image);
        Flag(json, "inject_api_token", task.InjectApiToken);
        if (task.Matrix.Count > 0)
        {
            json.WriteStartObject("matrix");
            foreach (var (name, values) in task.Matrix.OrderBy(a => a.Key, StringComparer.Ordinal)) Words(json, name, values);
            json.WriteEndObject();
        }

        Login(json, task.RegistryAuth);
        Resources(json, task.Resources);
        Retry(json, task.Retry);
        Time(json, "timeout", task.Timeout);
        Text(json, "user", task.User);
        Text(json, "uses", task.Uses);
        Map(json, "variables", task.Variables);
        if (task.With.Count > 0)
        {
            json.WriteStartObject("with");
            foreach (var (name, value) in task.With.OrderBy(e => e.Key, StringComparer.Ordinal))
            {
                json.WritePropertyName(name);
                value.WriteTo(json);
            }

            json.WriteEndObject();
        }

        Text(json, "working_dir", task.WorkingDir);
        json.WriteEndObject();
    }

    /// <summary>What a shared task has of a container.</summary>
    internal static void WriteContainer(Utf8JsonWriter json, TaskDefinition container)
    {
        json.WriteStartObject();
        Flag(json, "always_pull_newest_image", container.AlwaysPullNewestImage);
        Words(json, "command", container.Command);
        Words(json, "entrypoint", container.Entrypoint);
        json.WriteString("image", container.Image);
        Login(json, container.RegistryAuth);
        Resources(json, container.Resources);
        Text(json, "user", container.User);
        Map(json, "variables", container.Variables);
        Text(json, "working_dir", container.WorkingDir);
        json.WriteEndObject();
    }

    private static void Login(Utf8JsonWriter json, RegistryAuth? login)
    {
        if (login is not null) Map(json, "registry_auth", new Dictionary<string, string> { ["user"] = login.User, ["pass"] = login.Pass });
    }

    private static string ConditionName(ParentCondition condition) => condition switch
    {
        ParentCondition.Success => "success",
        ParentCondition.Failure => "failure",
        ParentCondition.Any => "any",
        _ => throw new ArgumentOutOfRangeException(nameof(condition), condition, "No such condition."),
    };

    private static void Resources(Utf8JsonWriter json, TaskResources resources)
    {
        if (resources is { Cpu: null, Memory: null }) return;
        json.WriteStartObject("resources");
        Text(json, "cpu", resources.Cpu);
        Text(json, "memory", resources.Memory);
        json.WriteEndObject();
    }

    private static string PolicyName(LimitPolicy policy) => policy switch
    {
        LimitPolicy.Queue => "queue",
        LimitPolicy.CancelOldest => "cancel_oldest",
        LimitPolicy.Skip => "skip",
        _ => throw new ArgumentOutOfRangeException(nameof(policy), policy, "No such policy."),
    };

    /// <summary>What a pipeline, or a shared task, takes.</summary>
    internal static void WriteParams(Utf8JsonWriter json, string name, IReadOnlyList<ParamDefinition> parameters)
    {
        if (parameters.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var parameter in parameters)
        {
            json.WriteStartObject();
            if (parameter.Choices.Count > 0)
            {
                json.WriteStartArray("choices");
                foreach (var choice in parameter.Choices) json.WriteRawValue(ParamDefinition.Json(parameter.Type, choice));
                json.WriteEndArray();
            }

            if (parameter.Default is { } standing)
            {
                json.WritePropertyName("default");
                json.WriteRawValue(ParamDefinition.Json(parameter.Type, standing));
            }

            Text(json, "description", parameter.Description);
            json.WriteString("name", parameter.Name);
            if (parameter.Type != ParamType.String) json.WriteString("type", parameter.Type.ToString().ToLowerInvariant());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Whole, once there is one: what a default was when the version was made must not change with the program.</summary>
    private static void Retry(Utf8JsonWriter json, RetryPolicy policy)
    {
        if (policy == RetryPolicy.None) return;
        json.WriteStartObject("retry");
        if (policy.ExitCodes.Count > 0)
        {
            json.WriteStartArray("exit_codes");
            foreach (var code in policy.ExitCodes) json.WriteNumberValue(code);
            json.WriteEndArray();
        }

        json.WriteNumber("factor", policy.Factor);
        json.WriteString("initial_delay", Duration.Text(policy.InitialDelay));
        json.WriteNumber("max_attempts", policy.MaxAttempts);
        json.WriteString("max_delay", Duration.Text(policy.MaxDelay));
        Words(json, "on", [.. policy.On.Order(StringComparer.Ordinal)]);
        json.WriteEndObject();
    }

    private static void Time(Utf8JsonWriter json, string name, TimeSpan? time)
    {
        if (time is { } duration) json.WriteString(name, Duration.Text(duration));
    }

    private static void Text(Utf8JsonWriter json, string name, string? text)
    {
        if (!string.IsNullOrEmpty(text)) json.WriteString(name, text);
    }

    private static void Flag(Utf8JsonWriter json, string name, bool value)
    {
        if (value) json.WriteBoolean(name, value);
    }

    private static void Words(Utf8JsonWriter json, string name, IReadOnlyList<string> words)
    {
        if (words.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var word in words) json.WriteStringValue(word);
        json.WriteEndArray();
    }

    private static void Map(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, string> map)
    {
        if (map.Count == 0) return;
        json.WriteStartObject(name);
        foreach (var (key, value) in map.OrderBy(e => e.Key, StringComparer.Ordinal)) json.WriteString(key, value);
        json.WriteEndObject();
    }
}
