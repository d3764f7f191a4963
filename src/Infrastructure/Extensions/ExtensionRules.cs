using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Gofer.Application.Extensions;
using Gofer.Domain.Common;
using Gofer.Domain.Triggers.Hooks;
using Gofer.Extensions.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;

namespace Gofer.Infrastructure.Extensions;

/// <summary>
/// What an answer of an extension must be before anything is made of it: sizes, counts, characters. Somebody else wrote the extension, and what it
/// sends reaches the database, terminals and templates. No sentence here quotes more than a name that was found to be one.
/// </summary>
internal static class ExtensionRules
{
    /// <summary>The most parameters, and the most problems, of one answer.</summary>
    public const int MaxCount = 100;

    /// <summary>The most characters of a name, of a version and of a subscription's id.</summary>
    public const int MaxName = 63;

    /// <summary>The most characters of a sentence.</summary>
    public const int MaxSentence = 1000;

    /// <summary>The most bytes of a documentation, as UTF-8.</summary>
    public const int MaxDocumentation = 64 << 10;

    /// <summary>The most characters of an event's id.</summary>
    public const int MaxEventId = 255;

    /// <summary>The most characters of a cursor, and of a parameter's default.</summary>
    public const int MaxCursor = 1024;

    /// <summary>The most bytes of an event's data.</summary>
    public const int MaxData = 1 << 20;

    private static readonly SearchValues<char> s_id = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> s_parameter = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");

    /// <summary>Judges what an extension says of itself.</summary>
    public static void Check(DescribeResponse said)
    {
        const string Rule = "describe";
        if (said.Name.Length is < 1 or > MaxName || !IsLine(said.Name)) throw Broken(Rule, $"its name must be 1 to {MaxName} characters on one line");
        if (said.Version.Length > MaxName || !IsLine(said.Version)) throw Broken(Rule, $"its version must be at most {MaxName} characters on one line");
        if (Encoding.UTF8.GetByteCount(said.Documentation) > MaxDocumentation || !said.Documentation.All(c => !char.IsControl(c) || c is '\n' or '\r' or '\t'))
        {
            throw Broken(Rule, $"its documentation must be text of at most {MaxDocumentation} bytes");
        }

        Check(said.Settings, "settings");
        Check(said.Params, "params");

        static void Check(RepeatedField<Parameter> all, string list)
        {
            if (all.Count > MaxCount) throw Broken(Rule, $"there are {Number(all.Count)} {list}; at most {MaxCount} are allowed");
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var parameter in all)
            {
                if (!IsParameter(parameter.Name)) throw Broken(Rule, $"a name in {list} is none: 1 to {MaxName} of a-z 0-9 '_', the first a letter");
                if (!names.Add(parameter.Name)) throw Broken(Rule, $"'{parameter.Name}' stands twice in {list}");
                var of = $"of '{parameter.Name}'";
                if (!IsText(parameter.Documentation, MaxSentence)) throw Broken(Rule, $"the documentation {of} must be at most {MaxSentence} characters on one line");
                if (!IsText(parameter.Default, MaxCursor)) throw Broken(Rule, $"the default {of} must be at most {MaxCursor} characters on one line");
                if (parameter.Default is not "" && !IsOf(parameter.Type, parameter.Default)) throw Broken(Rule, $"the default {of} is not of its type");
            }
        }
    }

    /// <summary>Judges what an extension finds wrong with a subscription; <paramref name="rule"/> is that of the call.</summary>
    public static void Check(string rule, RepeatedField<Problem> problems)
    {
        if (problems.Count > MaxCount) throw Broken(rule, $"there are {Number(problems.Count)} problems; at most {MaxCount} are allowed");
        foreach (var problem in problems)
        {
            if (problem.Param is not "" && !IsParameter(problem.Param)) throw Broken(rule, "a problem is about a parameter whose name is none");
            if (problem.Message is "" || !IsText(problem.Message, MaxSentence))
            {
                throw Broken(rule, $"the message of a problem must be 1 to {MaxSentence} characters on one line");
            }
        }
    }

    /// <summary>Judges a message of a Watch, and answers its event.</summary>
    public static Event Check(WatchResponse message)
    {
        const string Rule = "watch";
        if (message.Event is not { } sent) throw Broken(Rule, "a message has no event");
        var of = sent.SubscriptionId;
        if (of.Length is < 1 or > MaxName || of.AsSpan().ContainsAnyExcept(s_id)) throw Broken(Rule, "the subscription of an event has no id of Gofer's");
        if (sent.Id.Length is < 1 or > MaxEventId || !IsVisible(sent.Id)) throw Broken(Rule, $"the id of an event must be 1 to {MaxEventId} visible ASCII characters");
        if (sent.Cursor.Length > MaxCursor || !IsVisible(sent.Cursor))
        {
            throw Broken(Rule, $"the cursor of event '{sent.Id}' must be at most {MaxCursor} visible ASCII characters");
        }

        if (sent.Data.Length > MaxData) throw Broken("size", $"the data of event '{sent.Id}' has {Number(sent.Data.Length)} bytes; at most {MaxData} are allowed");
        if (sent.Time is { } time && !IsTime(time)) throw Broken(Rule, $"the time of event '{sent.Id}' is none");
        if (Complaint(sent.Data) is { } complaint) throw Broken(Rule, $"the data of event '{sent.Id}' {complaint}");
        return sent;
    }

    /// <summary>Whether a value is of a type; of one that this version does not know, any is.</summary>
    public static bool IsOf(ParameterType type, string value) => type switch
    {
        ParameterType.Int => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        ParameterType.Number => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number),
        ParameterType.Bool => value is "true" or "false",
        _ => true,
    };

    /// <summary>Whether it is a name of a parameter.</summary>
    public static bool IsParameter(string name) =>
        name.Length is >= 1 and <= MaxName && char.IsAsciiLetterLower(name[0]) && !name.AsSpan().ContainsAnyExcept(s_parameter);

    private static string? Complaint(ByteString data)
    {
        if (data.IsEmpty) return null;
        try
        {
            using var json = JsonDocument.Parse(data.Memory, new JsonDocumentOptions { MaxDepth = EventContent.MaxDepth });
            if (json.RootElement.ValueKind is not JsonValueKind.Object) return "is no JSON object";
            var faults = new FaultList(limit: 1);
            JsonText.Check(json.RootElement, faults);
            return faults.IsEmpty ? null : "holds text that is none (a NUL, half a surrogate pair, no UTF-8), or a member twice";
        }
        catch (JsonException)
        {
            return $"is no JSON, or deeper than {EventContent.MaxDepth} levels";
        }
    }

    private static bool IsTime(Timestamp time)
    {
        try
        {
            _ = time.ToDateTimeOffset();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false; // before the year 1, or after 9999
        }
    }

    private static bool IsText(string text, int max) => text.Length <= max && IsLine(text);

    private static bool IsLine(string text) => !text.Any(char.IsControl);

    private static bool IsVisible(string text) => !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static ExtensionProtocolException Broken(string rule, string what) => new(rule, $"{what}.");
}
