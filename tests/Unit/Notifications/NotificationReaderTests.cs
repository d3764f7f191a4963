using System.Text.Json;
using CsCheck;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using static Gofer.Tests.Unit.Notifications.Notifications;

namespace Gofer.Tests.Unit.Notifications;

/// <summary>What a notification may be, and what is said of one that cannot be.</summary>
public sealed class NotificationReaderTests
{
    [Fact]
    public void Every_member_is_read()
    {
        var read = Read("""
            {"id":"oncall","on":["recovered","FAILED","longer_than"],"type":"Webhook",
             "url":" Namespace_Secret{{ hook }} ","secret":"pipeline_secret{{key}}","longer_than":"90m","enabled":false}
            """).Value;
        Assert.Equal(("oncall", NotificationType.Webhook, "namespace_secret{{hook}}", "pipeline_secret{{key}}"), (read.Id, read.Type, read.Url, read.Secret));
        Assert.Equal([NotificationOutcome.Failed, NotificationOutcome.LongerThan, NotificationOutcome.Recovered], read.On);
        Assert.Equal((TimeSpan.FromMinutes(90), false, true), (read.LongerThan, read.Enabled, read.HidesUrl));
    }

    [Fact]
    public void What_is_left_away_or_null_is_the_default()
    {
        var read = Good(""" "secret":null,"longer_than":null,"enabled":null """);
        Assert.Equal((null, null, true, false), (read.Secret, read.LongerThan, read.Enabled, read.HidesUrl));
        Assert.Equal("""{"id":"oncall","on":["failed"],"type":"webhook","url":"https://hooks.example/a"}""", NotificationWriter.Write(read));
    }

    [Fact]
    public void Whatever_is_written_is_read_as_the_same_and_its_members_are_in_order() => Any.Sample(notification =>
    {
        var written = NotificationWriter.Write(notification);
        var again = NotificationReader.ReadStored(written);
        using var json = JsonDocument.Parse(written);
        string[] names = [.. json.RootElement.EnumerateObject().Select(m => m.Name)];
        return NotificationWriter.Write(again) == written && again with { On = notification.On } == notification && again.On.SequenceEqual(notification.On)
            && names.SequenceEqual(names.Order(StringComparer.Ordinal));
    });

    [Theory]
    [InlineData(""" "id":"on call" """, "/id", "The id 'on call' may hold letters")]
    [InlineData(""" "id":null """, "/id", "'id' is missing")]
    [InlineData(""" "on":null """, "/on", "'on' is missing")]
    [InlineData(""" "on":[] """, "/on", "must have at least one of cancelled, failed, longer_than, recovered, succeeded")]
    [InlineData(""" "on":["faild"] """, "/on/0", "Did you mean 'failed'?")]
    [InlineData(""" "on":["failed","recovered","Failed"] """, "/on/2", "twice: 'failed'")]
    [InlineData(""" "on":["longer_than"] """, "/longer_than", "is missing: 'on' has longer_than")]
    [InlineData(""" "longer_than":"30m" """, "/longer_than", "'on' does not have longer_than")]
    [InlineData(""" "on":["longer_than"],"longer_than":"999ms" """, "/longer_than", "must be from 1s to 30d")]
    [InlineData(""" "on":["longer_than"],"longer_than":"721h" """, "/longer_than", "must be from 1s to 30d")]
    [InlineData(""" "on":["longer_than"],"longer_than":"long" """, "/longer_than", "must be a duration")]
    [InlineData(""" "type":null """, "/type", "'type' is missing")]
    [InlineData(""" "type":"email" """, "/type", "must be one of webhook, slack")]
    [InlineData(""" "url":null """, "/url", "'url' is missing")]
    [InlineData(""" "url":"" """, "/url", "begins with http:// or https://")]
    [InlineData(""" "url":"/hooks/a" """, "/url", "begins with http:// or https://")]
    [InlineData(""" "url":"hooks.example/a" """, "/url", "begins with http:// or https://")]
    [InlineData(""" "url":"ftp://hooks.example/a" """, "/url", "begins with http:// or https://")]
    [InlineData(""" "url":"file:///etc/passwd" """, "/url", "begins with http:// or https://")]
    [InlineData(""" "url":"https://" """, "/url", "begins with http:// or https://")]
    [InlineData(""" "url":"https://user:pass@hooks.example/" """, "/url", "must not hold a user or a password")]
    [InlineData(""" "url":"https://user@hooks.example/" """, "/url", "must not hold a user or a password")]
    [InlineData(""" "url":" https://hooks.example/" """, "/url", "neither space nor control characters")]
    [InlineData(""" "url":"https://hooks.example/\r\nHost: a" """, "/url", "neither space nor control characters")]
    [InlineData(""" "url":"https://hooks.example/pipeline_secret{{hook}}" """, "/url", "only as a whole")]
    [InlineData(""" "url":"https://{{hook}}" """, "/url", "only as a whole")]
    [InlineData(""" "url":"param{{hook}}" """, "/url", "may stand for a secret, not for param{{…}}")]
    [InlineData(""" "url":"run_object{{hook}}" """, "/url", "may stand for a secret, not for run_object{{…}}")]
    [InlineData(""" "url":"pipeline_secret{{a b}}" """, "/url", "a secret whose key 'a b'")]
    [InlineData(""" "url":"pipeline_secret{{}}" """, "/url", "a secret whose key must not be empty")]
    [InlineData(""" "secret":"correct horse" """, "/secret", "must stand for a secret, such as pipeline_secret{{hook-key}}")]
    [InlineData(""" "secret":"param{{key}}" """, "/secret", "may stand for a secret")]
    [InlineData(""" "type":"slack","secret":"pipeline_secret{{key}}" """, "/secret", "a notification of type slack has none")]
    [InlineData(""" "urls":"https://hooks.example" """, "/urls", "Did you mean 'url'?")]
    public void What_cannot_be_is_refused_at_its_place(string members, string pointer, string said)
    {
        var error = Read(With(members)).Error!;
        Assert.Equal(ErrorKind.Invalid, error.Kind);
        var fault = Assert.Single(error.Faults!);
        Assert.Equal(pointer, fault.Pointer);
        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""" "on":"failed" """, "/on")]
    [InlineData(""" "on":[1] """, "/on/0")]
    [InlineData(""" "url":{} """, "/url")]
    [InlineData(""" "enabled":"yes" """, "/enabled")]
    [InlineData(""" "longer_than":30 """, "/longer_than")]
    public void What_is_of_another_type_is_malformed(string members, string pointer)
    {
        var error = Read(With(members)).Error!;
        Assert.Equal(ErrorKind.Malformed, error.Kind);
        Assert.Contains(error.Faults!, f => f.Pointer == pointer);
    }

    [Fact]
    public void An_address_may_be_as_long_as_it_may_and_no_longer()
    {
        var url = "https://hooks.example/".PadRight(NotificationUrl.MaxLength, 'a');
        Assert.Equal(url, Good($"\"url\":\"{url}\"").Url);
        Assert.Contains("at most 2048", Read(With($"\"url\":\"{url}a\"")).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once()
    {
        var error = Read("""{"on":["never"],"type":"slack","url":"ftp://a","secret":"x","longer_than":"1s","more":1}""").Error!;
        Assert.Equal(["/id", "/longer_than", "/more", "/on/0", "/secret", "/secret", "/url"], error.Faults!.Select(f => f.Pointer).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_notification_of_a_namespace_names_no_secret_of_a_pipeline()
    {
        Assert.True(Read(With(""" "url":"namespace_secret{{a}}","secret":"global_secret{{b}}" """), isOfNamespace: true).IsOk);
        var error = Read(With(""" "url":"pipeline_secret{{a}}","secret":"pipeline_secret{{b}}" """), isOfNamespace: true).Error!;
        Assert.Equal(["/secret", "/url"], error.Faults!.Select(f => f.Pointer).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_list_has_at_most_twenty_and_no_id_twice()
    {
        Assert.Null(List("null", out var none));
        Assert.Null(none);
        Assert.Equal(20, List($"[{string.Join(",", Enumerable.Range(0, 20).Select(Numbered))}]", out var good)!.Count);
        Assert.Null(good);

        List($"[{string.Join(",", Enumerable.Range(0, 21).Select(Numbered))}]", out var many);
        Assert.Equal("/notifications", Assert.Single(many!.Faults!).Pointer);
        List($"[{Numbered(1)},{Numbered(2)},{Numbered(1)}]", out var twice);
        Assert.Equal(new Fault("/notifications/2/id", "The notification 'n1' is defined twice."), Assert.Single(twice!.Faults!));
        List($"[{Numbered(1)},7]", out var other);
        Assert.Equal("/notifications/1", Assert.Single(other!.Faults!).Pointer);

        static string Numbered(int n) => With($"\"id\":\"n{n}\"");
    }

    [Fact]
    public void Whatever_is_read_is_read_or_refused_and_never_throws()
    {
        var text = Gen.OneOf(
            Gen.String[0, 12],
            Gen.OneOf("failed", "longer_than", "webhook", "https://a", "http://[::1", "http://xn--a", "param{{", "pipeline_secret{{a}}", "{{}}", "1s", "\ud800"));
        var value = Gen.OneOf(text.Select(t => JsonSerializer.Serialize(t)), text.Array[0, 3].Select(t => JsonSerializer.Serialize(t)), Gen.OneOf("null", "{}", "1e9999", "true"));
        var members = Gen.Select(Gen.OneOf("id", "on", "type", "url", "secret", "longer_than", "enabled", "x"), value).Array[0, 8];
        members.Sample(all =>
        {
            var read = Read($"{{{string.Join(",", all.DistinctBy(m => m.Item1).Select(m => $"\"{m.Item1}\":{m.Item2}"))}}}");
            return read.IsOk ? NotificationReader.ReadStored(NotificationWriter.Write(read.Value)) is not null : read.Error.Faults!.Count > 0;
        });
    }

    private static IReadOnlyList<NotificationDefinition>? List(string json, out Error? error)
    {
        using var document = JsonDocument.Parse($"{{\"notifications\":{json}}}");
        var faults = new FaultList();
        var read = NotificationReader.ReadAll(JsonFields.Open(document.RootElement, faults)!["notifications"]);
        error = faults.ToError();
        return read;
    }
}
