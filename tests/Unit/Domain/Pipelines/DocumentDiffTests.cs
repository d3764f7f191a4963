using CsCheck;
using Gofer.Domain.Pipelines;
using Gofer.Tests.Support.Documents;
using static Gofer.Tests.Unit.Domain.Pipelines.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

public sealed class DocumentDiffTests
{
    [Fact]
    public void Against_nothing_everything_is_added_and_a_task_is_one_change() => Assert.Equal(
        [
            new DocumentChange("added", "/id", null, "\"p\""),
            new DocumentChange("added", "/labels/team", null, "\"data\""),
            new DocumentChange("added", "/tasks/a", null, """{"command":["true"],"id":"a","image":"b"}"""),
        ],
        DocumentDiff.Between(null, Good("""{"id":"p","labels":{"team":"data"},"tasks":[{"id":"a","image":"b","command":["true"]}]}""")));

    [Fact]
    public void A_change_stands_at_the_task_by_its_id_and_at_the_single_variable()
    {
        var from = Good("""{"id":"p","parallelism":1,"tasks":[{"id":"a","image":"b:1","variables":{"A/B":"1","C":"1"},"command":["x"]},{"id":"gone","image":"b"}]}""");
        var to = Good("""{"id":"p","description":"d","tasks":[{"id":"new","image":"b"},{"id":"a","image":"b:2","variables":{"A/B":"2","D":"1"},"command":["x","y"]}]}""");

        Assert.Equal(
            [
                new DocumentChange("added", "/description", null, "\"d\""),
                new DocumentChange("removed", "/parallelism", "1", null),
                new DocumentChange("added", "/tasks/new", null, """{"id":"new","image":"b"}"""),
                new DocumentChange("changed", "/tasks/a/command", """["x"]""", """["x","y"]"""),
                new DocumentChange("changed", "/tasks/a/image", "\"b:1\"", "\"b:2\""),
                new DocumentChange("changed", "/tasks/a/variables/A~1B", "\"1\"", "\"2\""),
                new DocumentChange("removed", "/tasks/a/variables/C", "\"1\"", null),
                new DocumentChange("added", "/tasks/a/variables/D", null, "\"1\""),
                new DocumentChange("removed", "/tasks/gone", """{"id":"gone","image":"b"}""", null),
            ],
            DocumentDiff.Between(from, to));
    }

    [Fact]
    public void Another_order_of_the_tasks_is_a_change() => Assert.Equal(
        [new DocumentChange("changed", "/tasks", """["a","b"]""", """["b","a"]""")],
        DocumentDiff.Between(Good(Tasks(Task("a"), Task("b"))), Good(Tasks(Task("b"), Task("a")))));

    [Fact]
    public void A_trigger_or_a_notification_stands_by_its_id_and_their_order_is_no_change()
    {
        var from = Good(Declaring("""[{"id":"a","type":"cron","expression":"@daily"},{"id":"gone","type":"webhook"},{"id":"same","type":"interval","every":"1h"}]"""));
        var to = Good("""
            {"id":"p","tasks":[{"id":"a","image":"b"}],"triggers":[{"id":"same","type":"interval","every":"60m"},{"id":"new","type":"webhook","enabled":false},{"id":"a","type":"cron","expression":"@weekly"}],
            "notifications":[{"id":"n","on":["failed"],"type":"slack","url":"https://hooks.example.org/x"}]}
            """);

        Assert.Equal(
            [
                new DocumentChange("changed", "/triggers/a/expression", "\"@daily\"", "\"@weekly\""),
                new DocumentChange("added", "/triggers/new", null, """{"enabled":false,"id":"new","type":"webhook"}"""),
                new DocumentChange("removed", "/triggers/gone", """{"id":"gone","type":"webhook"}""", null),
                new DocumentChange("added", "/notifications/n", null, """{"id":"n","on":["failed"],"type":"slack","url":"https://hooks.example.org/x"}"""),
            ],
            DocumentDiff.Between(from, to).Where(c => !c.Pointer.StartsWith("/tasks", StringComparison.Ordinal)));
    }

    [Fact]
    public void To_leave_triggers_alone_is_another_thing_than_to_want_none()
    {
        var (silent, none, one) = (Good(Tasks(Task("a"))), Good(Declaring("[]")), Good(Declaring("""[{"id":"t","type":"webhook"}]""")));
        Assert.Equal([new DocumentChange("added", "/triggers", null, "[]")], Triggers(silent, none));
        Assert.Equal([new DocumentChange("removed", "/triggers", "[]", null)], Triggers(none, silent));
        Assert.Equal([new DocumentChange("removed", "/triggers", """[{"id":"t","type":"webhook"}]""", null)], Triggers(one, silent));
        Assert.Equal([new DocumentChange("removed", "/triggers/t", """{"id":"t","type":"webhook"}""", null)], Triggers(one, none));
        Assert.Equal([new DocumentChange("added", "/triggers/t", null, """{"id":"t","type":"webhook"}""")], Triggers(silent, one));

        static IEnumerable<DocumentChange> Triggers(PipelineDocument from, PipelineDocument to) =>
            DocumentDiff.Between(from, to).Where(c => c.Pointer.StartsWith("/triggers", StringComparison.Ordinal));
    }

    private static string Declaring(string triggers) => $$"""{"id":"p","triggers":{{triggers}},"tasks":[{{Task("a")}}]}""";

    [Fact]
    public void There_are_no_changes_exactly_where_the_hash_is_the_same() => Gen.Select(DocumentGens.Good, DocumentGens.Good, Gen.Bool).Sample(
        (from, other, same) =>
        {
            var to = same ? Good(DocumentWriter.Write(from)) : other;
            Assert.Equal(DocumentWriter.Write(from) == DocumentWriter.Write(to), DocumentDiff.Between(from, to).Count == 0);
            Assert.Equal(DocumentDiff.Between(from, to), DocumentDiff.Between(from, to));
        },
        iter: 500);
}
