using System.Text;
using System.Text.Json;
using CsCheck;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;

namespace Gofer.Tests.Unit.Notifications;

/// <summary>What is sent, to the byte.</summary>
public sealed class NotificationPayloadTests
{
    private static readonly NotificationFacts s_facts = new()
    {
        Delivery = Guid.Parse("01990000-0000-7000-8000-000000000001"),
        Notification = "oncall",
        Outcome = NotificationOutcome.Failed,
        Time = new DateTimeOffset(2027, 3, 28, 3, 31, 30, 250, TimeSpan.FromHours(2)),
        Namespace = "default",
        Pipeline = "nightly",
        Run = 17,
        Version = 3,
        Actor = "ci",
        Reason = "exit_code",
        Message = "load: <exit> & \"75\"\nübel",
        StartedAt = new DateTimeOffset(2027, 3, 28, 1, 30, 0, TimeSpan.Zero),
        EndedAt = new DateTimeOffset(2027, 3, 28, 1, 31, 30, 250, TimeSpan.Zero),
        PublicUrl = "https://gofer.example/",
    };

    private static readonly Gen<string> s_text = Gen.OneOf(Gen.String[0, 50], Gen.String[Gen.Char["&<>`*_\n é\ud83d\ude00@!|"], 0, 5000]);

    private static readonly Gen<NotificationFacts> s_any =
        from outcome in Gen.Enum<NotificationOutcome>()
        from reason in Gen.Null(s_text)
        from message in Gen.Null(s_text)
        from url in Gen.Null(s_text.Select(t => $"https://gofer.example/{t}"))
        from seconds in Gen.Int[-10, 5_000_000]
        from started in Gen.Bool
        from ended in Gen.Bool
        select s_facts with
        {
            Outcome = outcome,
            Namespace = new string('n', Slug.MaxLength),
            Pipeline = new string('p', Slug.MaxLength),
            Run = long.MaxValue,
            Version = int.MaxValue,
            Reason = reason,
            Message = message,
            PublicUrl = url,
            StartedAt = started ? s_facts.Time.AddSeconds(-seconds) : null,
            EndedAt = ended ? s_facts.Time : null,
        };

    [Fact]
    public void A_webhook_is_sent_an_event_of_the_api() => Assert.Equal(
        OneLine("""
            {"id":"01990000-0000-7000-8000-000000000001","type":"run.failed","time":"2027-03-28T01:31:30.25Z","namespace":"default","pipeline":"nightly","run":17,"task":null,
            "attempt":null,"actor":"ci","data":{"notification_id":"oncall","on":"failed","version":"3","reason":"exit_code","message":"load: <exit> & \"75\"\nübel",
            "duration":"1m30s250ms","started_at":"2027-03-28T01:30:00Z","ended_at":"2027-03-28T01:31:30.25Z",
            "url":"https://gofer.example/api/v1/namespaces/default/pipelines/nightly/runs/17"}}
            """),
        Webhook(s_facts));

    [Fact]
    public void What_is_not_known_is_left_out_of_the_data() => Assert.Equal(
        OneLine("""
            {"id":"01990000-0000-7000-8000-000000000001","type":"run.cancelled","time":"2027-03-28T01:31:30.25Z","namespace":"default","pipeline":"nightly","run":17,"task":null,
            "attempt":null,"actor":null,"data":{"notification_id":"oncall","on":"cancelled","version":"3"}}
            """),
        Webhook(s_facts with { Outcome = NotificationOutcome.Cancelled, Actor = null, Reason = null, Message = null, StartedAt = null, EndedAt = null, PublicUrl = null }));

    [Theory]
    [InlineData(NotificationOutcome.Failed, "run.failed", "failed")]
    [InlineData(NotificationOutcome.Recovered, "run.succeeded", "recovered")]
    [InlineData(NotificationOutcome.Succeeded, "run.succeeded", "succeeded")]
    [InlineData(NotificationOutcome.Cancelled, "run.cancelled", "cancelled")]
    [InlineData(NotificationOutcome.LongerThan, "run.overdue", "longer_than")]
    public void Each_outcome_has_its_event(NotificationOutcome outcome, string type, string on)
    {
        using var json = JsonDocument.Parse(Webhook(s_facts with { Outcome = outcome }));
        Assert.Equal((type, on), (json.RootElement.GetProperty("type").GetString(), json.RootElement.GetProperty("data").GetProperty("on").GetString()));
    }

    [Fact]
    public void The_same_facts_are_the_same_bytes_and_good_json_that_is_not_long() => Gen.Select(s_any, Gen.Enum<NotificationType>()).Sample((facts, type) =>
    {
        var body = NotificationPayload.Of(type, facts);
        using var json = JsonDocument.Parse(body);
        return body.SequenceEqual(NotificationPayload.Of(type, facts with { })) && body.Length < 64 * 1024
            && (type == NotificationType.Slack || json.RootElement.GetProperty("data").TryGetProperty("message", out var message) == facts.Message is not null);
    });

    [Fact]
    public void A_long_message_is_cut_between_characters()
    {
        using var json = JsonDocument.Parse(Webhook(s_facts with { Message = "a" + string.Concat(Enumerable.Repeat("😀", 2000)) }));
        var cut = json.RootElement.GetProperty("data").GetProperty("message").GetString();
        Assert.Equal("a" + string.Concat(Enumerable.Repeat("😀", 999)) + "…", cut);
    }

    [Fact]
    public void Slack_is_sent_a_text_and_the_same_as_a_block()
    {
        const string Said = "*default/nightly*: <https://gofer.example/api/v1/namespaces/default/pipelines/nightly/runs/17|run 17> failed after 1m30s (version 3): "
            + "`exit_code` `load: &lt;exit&gt; &amp; \"75\" übel`";
        using var json = JsonDocument.Parse(NotificationPayload.Of(NotificationType.Slack, s_facts));
        Assert.Equal(Said, json.RootElement.GetProperty("text").GetString());
        var block = Assert.Single(json.RootElement.GetProperty("blocks").EnumerateArray());
        Assert.Equal("section", block.GetProperty("type").GetString());
        Assert.Equal(("mrkdwn", Said), (block.GetProperty("text").GetProperty("type").GetString(), block.GetProperty("text").GetProperty("text").GetString()));
    }

    [Theory]
    [InlineData(NotificationOutcome.Recovered, true, "run 17 succeeded again after 1m30s (version 3)")]
    [InlineData(NotificationOutcome.Succeeded, true, "run 17 succeeded after 1m30s (version 3)")]
    [InlineData(NotificationOutcome.Cancelled, true, "run 17 was cancelled after 1m30s (version 3)")]
    [InlineData(NotificationOutcome.LongerThan, true, "run 17 took longer than it should and ended after 1m30s (version 3)")]
    [InlineData(NotificationOutcome.LongerThan, false, "run 17 is overdue and goes on after 1m30s (version 3)")]
    public void Each_outcome_has_its_words(NotificationOutcome outcome, bool isOver, string said) => Assert.Equal(
        $"*default/nightly*: {said}",
        Slack(s_facts with { Outcome = outcome, Reason = null, Message = " \n", PublicUrl = null, EndedAt = isOver ? s_facts.EndedAt : null }));

    [Fact]
    public void What_a_message_says_calls_nobody_together_and_makes_no_link()
    {
        var text = Slack(s_facts with { Message = "` <!channel> @all <https://evil.example|click> [click](https://evil.example) `" });
        Assert.EndsWith("`' &lt;!channel&gt; @all &lt;https://evil.example|click&gt; [click](https://evil.example) '`", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_to_slack_is_bounded_escaped_and_its_code_closed() => s_any.Sample(facts =>
    {
        var text = Slack(facts);
        var outside = text.Replace("&amp;", "", StringComparison.Ordinal).Replace("&lt;", "", StringComparison.Ordinal).Replace("&gt;", "", StringComparison.Ordinal);
        return text.Length <= 3000 && !outside.Contains('&', StringComparison.Ordinal) && outside.Count(c => c == '<') <= 1 && outside.Count(c => c == '<') == outside.Count(c => c == '>')
            && text.Count(c => c == '`') % 2 == 0 && !text.Any(char.IsControl);
    });

    private static string OneLine(string text) => text.ReplaceLineEndings("");

    private static string Webhook(NotificationFacts facts) => Encoding.UTF8.GetString(NotificationPayload.Of(NotificationType.Webhook, facts));

    private static string Slack(NotificationFacts facts)
    {
        using var json = JsonDocument.Parse(NotificationPayload.Of(NotificationType.Slack, facts));
        return json.RootElement.GetProperty("text").GetString()!;
    }
}
