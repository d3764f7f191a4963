using CsCheck;
using Gofer.Domain.Triggers;
using static Gofer.Tests.Unit.Triggers.Definitions;

namespace Gofer.Tests.Unit.Triggers;

/// <summary>What a schedule may say, what is refused and where, and that it is read back as it was written.</summary>
public sealed class TriggerReaderTests
{
    [Theory]
    [InlineData(""" "expression":null """, "/expression", "'expression' is missing.")]
    [InlineData(""" "expression":"" """, "/expression", "The expression is empty")]
    [InlineData(""" "expression":5 """, "/expression", "'expression' must be a string, not a number.")]
    [InlineData(""" "expression":"61 * * * *" """, "/expression", "The minute is '61'")]
    [InlineData(""" "expression":"* * * * * *" """, "/expression", "more often than once in 10s")]
    [InlineData(""" "expression":"@every_second" """, "/expression", "more often than once in 10s")]
    [InlineData(""" "expression":"0,51 59,0 23,22 * * *" """, "/expression", "more often than once in 10s")] // 22:59:51 and 23:00:00
    [InlineData(""" "expression":"@daily","zone":"Europe/Berln" """, "/zone", "Did you mean 'Europe/Berlin'?")]
    [InlineData(""" "expression":"@daily","zone":"" """, "/zone", "'' is no time zone")]
    [InlineData(""" "expression":"@daily","zone":"europe/berlin" """, "/zone", "Did you mean 'Europe/Berlin'?")]
    [InlineData(""" "expression":"@daily","zone":"W. Europe Standard Time" """, "/zone", "is no time zone")]
    [InlineData(""" "expression":"@daily","zone":"../../etc/localtime" """, "/zone", "is no time zone")]
    [InlineData(""" "expression":"@daily","zone":"localtime" """, "/zone", "is no time zone")]
    [InlineData(""" "expression":"@daily","zone":"right/Europe/Berlin" """, "/zone", "is no time zone")]
    [InlineData(""" "expression":"@daily","zone":"Europe//Berlin" """, "/zone", "is no time zone")]
    [InlineData(""" "expression":"@daily","dst":"twise" """, "/dst", "must be one of skip, shift, once, twice. Did you mean 'twice'?")]
    [InlineData(""" "expression":"@daily","every":"1h" """, "/every", "There is no member 'every' here.")]
    [InlineData(""" "expression":"@daily","catch_up":"lst" """, "/catch_up", "must be none, last, all, or a number from 1 to 1000")]
    [InlineData(""" "expression":"@daily","catch_up":0 """, "/catch_up", "must be none, last, all, or a number from 1 to 1000")]
    [InlineData(""" "expression":"@daily","catch_up":1001 """, "/catch_up", "must be none, last, all, or a number from 1 to 1000")]
    [InlineData(""" "expression":"@daily","catch_up":1.5 """, "/catch_up", "must be none, last, all, or a number from 1 to 1000")]
    [InlineData(""" "expression":"@daily","catch_up":true """, "/catch_up", "must be none, last, all, or a number from 1 to 1000")]
    [InlineData(""" "expression":"@daily","jitter":"25h" """, "/jitter", "must be from 0s to 1d")]
    [InlineData(""" "expression":"@daily","overlap":"never" """, "/overlap", "must be one of allow, skip, queue_one, queue, cancel_oldest")]
    [InlineData(""" "expression":"@daily","version":0 """, "/version", "must be from 1 to")]
    public void A_cron_trigger_that_cannot_be_is_refused(string members, string pointer, string said) =>
        IsRefused($$"""{"id":"t","type":"cron",{{members}}}""", pointer, said);

    [Theory]
    [InlineData(""" "every":null """, "/every", "'every' is missing.")]
    [InlineData(""" "every":"" """, "/every", "'every' is empty")]
    [InlineData(""" "every":60 """, "/every", "'every' must be a string, not a number.")]
    [InlineData(""" "every":"soon" """, "/every", "a duration such as 90s or 1h30m")]
    [InlineData(""" "every":"9.999s" """, "/every", "must be from 10s to 366d")]
    [InlineData(""" "every":"366d1ms" """, "/every", "must be from 10s to 366d")]
    [InlineData(""" "every":"1h","anchor":"tomorrow" """, "/anchor", "must be a time such as 2027-01-01T00:00:00Z")]
    [InlineData(""" "every":"1h","anchor":"2027-02-29T00:00:00Z" """, "/anchor", "must be a time such as 2027-01-01T00:00:00Z")]
    [InlineData(""" "every":"1h","zone":"UTC" """, "/zone", "There is no member 'zone' here.")]
    [InlineData(""" "every":"1h","expression":"@daily" """, "/expression", "There is no member 'expression' here.")]
    public void An_interval_that_cannot_be_is_refused(string members, string pointer, string said) =>
        IsRefused($$"""{"id":"t","type":"interval",{{members}}}""", pointer, said);

    [Theory]
    [InlineData("""{"id":"","type":"cron","expression":"@daily"}""", "/id", "The id must not be empty.")]
    [InlineData("""{"id":"-a","type":"cron","expression":"@daily"}""", "/id", "must start with a letter or a digit")]
    [InlineData("""{"id":"manual","type":"cron","expression":"@daily"}""", "/id", "'manual' is what runs say that no trigger made")]
    [InlineData("""{"id":"t","type":"crone","expression":"@daily"}""", "/type", "Did you mean 'cron'?")]
    [InlineData("""{"id":"t","expression":"@daily"}""", "/type", "'type' is missing.")]
    public void A_trigger_without_a_good_name_or_type_is_refused(string json, string pointer, string said) => IsRefused(json, pointer, said);

    /// <summary>The platform finds a zone in any letter case once it has read its list of them, as a suggestion makes it do.</summary>
    [Fact]
    public void A_zone_is_known_by_its_name_alone_whatever_was_asked_before()
    {
        Assert.NotEmpty(TimeZoneInfo.GetSystemTimeZones());
        Assert.True(TimeZoneInfo.TryFindSystemTimeZoneById("Europe/Paris", out _));
        IsRefused("""{"id":"t","type":"cron","expression":"@daily","zone":"europe/paris"}""", "/zone", "Did you mean 'Europe/Paris'?");
        foreach (var zone in (string[])["UTC", "Etc/UTC", "US/Eastern", "EST5EDT", "Etc/GMT-14", "America/Argentina/Buenos_Aires"])
        {
            Assert.Equal(zone, Good($$"""{"id":"t","type":"cron","expression":"@daily","zone":"{{zone}}"}""").Schedule!.Zone);
        }
    }

    [Theory]
    [InlineData("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("2027-01-01T00:00:00", "2027-01-01T00:00:00Z")]
    [InlineData("2027-01-01T00:00:00+05:30", "2026-12-31T18:30:00Z")]
    [InlineData("2027-01-01T00:00:00.25Z", "2027-01-01T00:00:00.25Z")]
    public void An_anchor_is_an_instant(string anchor, string means) =>
        Assert.Equal(means, TriggerWriter.Text(Good($$"""{"id":"t","type":"interval","every":"10s","anchor":"{{anchor}}"}""").Schedule!.Anchor!.Value));

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once()
    {
        var faults = Faults("""{"id":"t","type":"cron","expression":"* * *","zone":"Moon","dst":"no","jitter":"x","catch_up":"y","extra":1}""");
        Assert.Equal(["/catch_up", "/dst", "/expression", "/extra", "/jitter", "/zone"], faults.Select(f => f.Pointer).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_schedule_is_read_back_as_it_was_written()
    {
        var expressions = Gen.OneOf("30 2 * * *", "@DAILY", " 0  0 1 * * ", "*/10 * * * * *", "0 0 * * MON#1");
        var catchUps = Gen.OneOf("\"none\"", "\"last\"", "\"all\"", "1", "\"7\"", "1000");
        var shared = Gen.Select(catchUps, Gen.OneOf("0s", "1.5s", "0.5ms", "24h"), Gen.OneOf("allow", "skip", "queue_one", "queue", "cancel_oldest"))
            .Select((catchUp, jitter, overlap) => $"\"catch_up\":{catchUp},\"jitter\":\"{jitter}\",\"overlap\":\"{overlap}\"");
        var crons = Gen.Select(expressions, Gen.OneOf("UTC", "Europe/Berlin", "Australia/Lord_Howe"), Gen.OneOf("skip", "Shift", "once", "twice"))
            .Select((expression, zone, dst) => $"\"type\":\"cron\",\"expression\":\"{expression}\",\"zone\":\"{zone}\",\"dst\":\"{dst}\"");
        var intervals = Gen.Select(Gen.OneOf("10s", "10s0.4ms", "1h30m", "366d"), Gen.OneOf("", ",\"anchor\":\"2027-01-01T00:00:00.1234567+02:00\""))
            .Select((every, anchor) => $"\"type\":\"interval\",\"every\":\"{every}\"{anchor}");
        Gen.Select(Gen.OneOf(crons, intervals), shared, Gen.OneOf("", ",\"version\":3", ",\"params\":{\"a\":1,\"é\":\"ü\"}")).Sample((kind, rest, more) =>
        {
            var definition = Good($$"""{"id":"t",{{kind}},{{rest}}{{more}}}""");
            var text = TriggerWriter.Write(definition);
            var again = TriggerReader.ReadStored(text);
            Assert.Equal(text, TriggerWriter.Write(again));
            Assert.True(definition.Schedule!.SameTimes(again.Schedule));
            Assert.Equal((definition.Schedule.CatchUp, definition.Overlap, definition.Version), (again.Schedule!.CatchUp, again.Overlap, again.Version));
            Assert.Equal(text, TriggerWriter.Write(Good(text)));
        });
    }

    [Fact]
    public void What_is_stored_is_read_although_it_would_be_refused_today()
    {
        var fast = TriggerReader.ReadStored("""{"id":"t","type":"cron","expression":"* * * * * *"}""").Schedule!;
        Assert.Equal(At("2027-01-01T00:00:01Z"), fast.NextAfter(At("2027-01-01T00:00:00Z")));
        var gone = TriggerReader.ReadStored("""{"id":"t","type":"cron","expression":"@daily","zone":"Europe/Atlantis"}""").Schedule!;
        Assert.Throws<TimeZoneNotFoundException>(() => gone.NextAfter(At("2027-01-01T00:00:00Z")));
        Assert.Throws<InvalidDataException>(() => TriggerReader.ReadStored("""{"id":"t","type":"cron","expression":"daily"}"""));
    }
}
