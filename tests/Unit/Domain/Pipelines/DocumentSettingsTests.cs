using Gofer.Domain.Pipelines;
using Gofer.Domain.Triggers;
using static Gofer.Tests.Unit.Domain.Pipelines.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

/// <summary>The triggers and notifications that a document declares.</summary>
public sealed class DocumentSettingsTests
{
    private const string Cron = """{"id":"t","type":"cron","expression":"30 2 * * *"}""";

    [Fact]
    public void To_say_nothing_of_them_is_another_thing_than_to_want_none()
    {
        Assert.Null(Good(Tasks(Task("a"))).Triggers);
        Assert.Null(Good(Tasks(Task("a"))).Notifications);
        Assert.Null(Good(Declaring("\"triggers\":null,\"notifications\":null")).Triggers);
        var none = Good(Declaring("\"triggers\":[],\"notifications\":[]"));
        Assert.Empty(none.Triggers!);
        Assert.Empty(none.Notifications!);
        Assert.NotEqual(DocumentWriter.Write(none), DocumentWriter.Write(Good(Declaring("\"name\":null"))));
    }

    [Fact]
    public void Those_that_do_the_same_are_the_same_text_whatever_is_written_out_and_in_which_order()
    {
        var one = Good(Declaring(
            """
            "triggers":[{"id":"a","type":"cron","expression":"@daily"},{"id":"b","type":"webhook","filter":[{"pointer":"/a","equals":1}]},{"id":"c","type":"pipeline","pipeline":"q"}],
            "notifications":[{"id":"m","on":["failed","recovered"],"type":"slack","url":"https://hooks.example.org/x"},{"id":"n","on":["failed"],"type":"webhook","url":"global_secret{{x}}"}]
            """));
        var other = Good(Declaring(
            """
            "notifications":[{"url":"global_secret{{x}}","id":"n","on":["FAILED"],"type":"Webhook","enabled":true},{"id":"m","on":["recovered","failed"],"type":"slack","url":"https://hooks.example.org/x"}],
            "triggers":[{"on":["Succeeded"],"pipeline":"q","id":"c","type":"pipeline"},{"id":"b","filter":[{"equals":1,"pointer":"/a"}],"type":"webhook","params":null,"enabled":null},
                {"jitter":"0s","overlap":"allow","catch_up":"last","dst":"shift","zone":"UTC","expression":"@daily","type":"CRON","id":"a","version":null}]
            """));
        Assert.Equal(DocumentWriter.Write(one), DocumentWriter.Write(other));
        Assert.Contains("""{"expression":"@daily","id":"a","type":"cron"}""", DocumentWriter.Write(one), StringComparison.Ordinal);
    }

    [Fact]
    public void Whether_one_is_enabled_is_a_difference_and_so_is_saying_nothing_of_it()
    {
        var (silent, on, off) = (Text(""), Text(",\"enabled\":true"), Text(",\"enabled\":false"));
        Assert.Equal((null, true, false), (Read(silent), Read(on), Read(off)));
        Assert.NotEqual(silent, on);

        static string Text(string enabled) => DocumentWriter.Write(Good(Declaring($$"""  "triggers":[{"id":"t","type":"webhook"{{enabled}} }] """)));
        static bool? Read(string stored) => DocumentReader.ReadStored(stored).Triggers!.Single().Enabled;
    }

    [Theory]
    [InlineData("""[{"id":"t","type":"cron"}]""", "/triggers/0/expression", "missing")]
    [InlineData("""[{"id":"t","type":"cron","expression":"* * * * * *"}]""", "/triggers/0/expression", "10s")]
    [InlineData("""[{"id":"t","type":"cron","expression":"@daily","zone":"Europe/Berln"}]""", "/triggers/0/zone", "Did you mean 'Europe/Berlin'?")]
    [InlineData("""[{"id":"t","type":"webhook"},{"id":"t","type":"webhook"}]""", "/triggers/1/id", "The trigger 't' is defined twice.")]
    [InlineData("""[{"id":"manual","type":"webhook"}]""", "/triggers/0/id", "name it otherwise")]
    [InlineData("""[{"id":"t","type":"webhook","params":{"regoin":"eu"}}]""", "/triggers/0/params", "The pipeline has no parameter 'regoin'. Did you mean 'region'?")]
    [InlineData("""[{"id":"t","type":"webhook","params":{"rows":"many"}}]""", "/triggers/0/params", "The parameter 'rows' must be a whole number, not \"many\".")]
    [InlineData("""[{"id":"t","type":"webhook","params":{"region":"mars"}}]""", "/triggers/0/params", "The parameter 'region' is 'mars'; it must be one of eu, us.")]
    [InlineData("""[{"id":"t","type":"webhook","params":{"rows":{"pointer":"/rows","default":"many"}}}]""", "/triggers/0/params", "The parameter 'rows' must be a whole number")]
    public void What_is_wrong_with_a_trigger_is_said_at_its_place(string triggers, string pointer, string words) =>
        IsInvalid(Declaring($$"""  "params":[{"name":"region","default":"eu","choices":["eu","us"]},{"name":"rows","type":"int","default":1}],"triggers":{{triggers}} """), pointer, words);

    [Fact]
    public void A_trigger_gives_the_parameters_that_have_no_default_unless_its_runs_get_another_version()
    {
        const string Day = "\"params\":[{\"name\":\"day\"}]";
        IsInvalid(Declaring($"{Day},\"triggers\":[{Cron}]"), "/triggers/0/params", "The parameter 'day' is missing; it has no default, so each run must be given one.");
        Good(Declaring($$"""{{Day}},"triggers":[{"id":"t","type":"webhook","params":{"day":{"pointer":"/day"} } }]"""));
        Good(Declaring($$"""{{Day}},"triggers":[{"id":"t","type":"webhook","version":1}]"""));
    }

    [Theory]
    [InlineData("""[{"id":"n","on":["failed"],"type":"webhook","url":"ftp://example.org"}]""", "/notifications/0/url", "http")]
    [InlineData("""[{"id":"n","on":["longer_than"],"type":"slack","url":"https://example.org"}]""", "/notifications/0/longer_than", "missing")]
    [InlineData("""[{"id":"n","on":["failed"],"type":"slack","url":"https://example.org"},{"id":"n","on":["failed"],"type":"slack","url":"https://example.org"}]""", "/notifications/1/id", "defined twice")]
    public void What_is_wrong_with_a_notification_is_said_at_its_place(string notifications, string pointer, string words) =>
        IsInvalid(Declaring($"\"notifications\":{notifications}"), pointer, words);

    [Fact]
    public void There_are_at_most_fifty_triggers_and_twenty_notifications()
    {
        static string Many(string member, int count, string rest) => Declaring($"\"{member}\":[{string.Join(',', Enumerable.Range(0, count).Select(i => $"{{\"id\":\"t{i}\",{rest}}}"))}]");
        const string Notification = "\"on\":[\"failed\"],\"type\":\"slack\",\"url\":\"https://example.org\"";
        Assert.Equal(50, Good(Many("triggers", 50, "\"type\":\"webhook\"")).Triggers!.Count);
        IsInvalid(Many("triggers", 51, "\"type\":\"webhook\""), "/triggers", "There are 51 triggers; at most 50 are allowed.");
        Assert.Equal(20, Good(Many("notifications", 20, Notification)).Notifications!.Count);
        IsInvalid(Many("notifications", 21, Notification), "/notifications", "There are 21 notifications; at most 20 are allowed.");
    }

    /// <summary>A machine may lose a zone, and a floor may rise: what was found good stays readable.</summary>
    [Fact]
    public void A_stored_document_is_read_back_though_nobody_would_take_it_any_more()
    {
        var stored = DocumentReader.ReadStored(Declaring("""  "triggers":[{"id":"t","type":"cron","expression":"* * * * * *","zone":"Atlantis/Capital","params":{"gone":1}}] """));
        Assert.Equal(("Atlantis/Capital", TriggerType.Cron), (stored.Triggers!.Single().Definition.Schedule!.Zone, stored.Triggers!.Single().Definition.Type));
    }

    private static string Declaring(string members) => $$"""{"id":"p",{{members}},"tasks":[{"id":"a","image":"b"}]}""";
}
