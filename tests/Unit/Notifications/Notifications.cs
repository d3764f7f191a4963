using System.Text.Json;
using CsCheck;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;

namespace Gofer.Tests.Unit.Notifications;

/// <summary>Short ways to read notifications in a test, and any that can be.</summary>
internal static class Notifications
{
    private static readonly Gen<string> s_slug = Gen.String[Gen.Char["abZ09-_"], 0, 5].Select(s => "a" + s);

    private static readonly Gen<string> s_reference = Gen.Select(
        Gen.OneOf("pipeline_secret", "namespace_secret", "global_secret"), s_slug, (kind, key) => $"{kind}{{{{{key}}}}}");

    /// <summary>Any good notification.</summary>
    public static Gen<NotificationDefinition> Any { get; } =
        from id in s_slug
        from told in Gen.Enum<NotificationOutcome>().Array[1, 5]
        from type in Gen.Enum<NotificationType>()
        from url in Gen.OneOf(s_reference, Gen.String[Gen.Char["aé%/?&=#\\\"<'"], 0, 20].Select(path => $"https://hooks.example/{path}"))
        from secret in Gen.OneOf(s_reference, Gen.Const(""))
        from seconds in Gen.Int[1, 30 * 86_400]
        from enabled in Gen.Bool
        select new NotificationDefinition
        {
            Id = id,
            On = [.. told.Distinct().Order()],
            Type = type,
            Url = url,
            Secret = type == NotificationType.Webhook && secret.Length > 0 ? secret : null,
            LongerThan = told.Contains(NotificationOutcome.LongerThan) ? TimeSpan.FromSeconds(seconds) : null,
            Enabled = enabled,
        };

    public static Result<NotificationDefinition> Read(string json, bool isOfNamespace = false)
    {
        using var document = JsonDocument.Parse(json);
        return NotificationReader.Read(document.RootElement, isOfNamespace);
    }

    public static NotificationDefinition Good(string members = "") => Read(With(members)).Value;

    /// <summary>A good notification with other members or more of them.</summary>
    public static string With(string members)
    {
        using var given = JsonDocument.Parse($"{{{members}}}");
        var all = new Dictionary<string, string> { ["id"] = "\"oncall\"", ["on"] = """["failed"]""", ["type"] = "\"webhook\"", ["url"] = "\"https://hooks.example/a\"" };
        foreach (var member in given.RootElement.EnumerateObject()) all[member.Name] = member.Value.GetRawText();
        return $"{{{string.Join(",", all.Select(m => $"\"{m.Key}\":{m.Value}"))}}}";
    }
}
