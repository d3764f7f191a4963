using Gofer.Application.Triggers;

namespace Gofer.Tests.Unit.Triggers.Hooks;

public sealed class HookHeadersTests
{
    [Fact]
    public void The_ledger_keeps_what_the_trigger_reads_and_never_what_proves_who_sent_it()
    {
        var trigger = Definitions.Good("""
            {"id":"t","type":"webhook","signature":{"secret":"pipeline_secret{{k}}","scheme":"hmac","header":"X-Own"},"dedupe":{"header":"X-Id"},
            "filter":[{"header":"x-own","exists":true},{"header":"X-Source","exists":true}],"params":{"p":{"header":"Authorization"}}}
            """);
        string[] sent = ["X-Own", "x-id", "X-Source", "X-Other", "Authorization", "Cookie", "Gofer-Signature", "Content-Type"];
        var kept = HookHeaders.Kept(trigger, sent.ToDictionary(n => n, _ => new string('v', 2000)));
        Assert.Equal(["Content-Type", "X-Source", "x-id"], kept.Keys.Order(StringComparer.Ordinal));
        Assert.All(kept.Values, v => Assert.Equal(1024, v.Length));
    }

    [Fact]
    public void Events_whose_id_is_null_or_empty_are_not_one_event()
    {
        var rule = Definitions.Good("""{"id":"t","type":"webhook","dedupe":{"pointer":"/id"}}""").Hook!.Dedupe!;
        foreach (var body in new[] { """{"id":null}""", """{"id":""}""", "{}", "no JSON" }) Assert.Null(rule.KeyOf(HookParts.Event(body)));
        Assert.Equal("7", rule.KeyOf(HookParts.Event("""{"id":7}""")));
    }
}
