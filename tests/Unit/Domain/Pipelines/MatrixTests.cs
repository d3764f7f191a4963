using CsCheck;
using Gofer.Domain.Pipelines;
using static Gofer.Tests.Unit.Domain.Pipelines.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

/// <summary>The instances of a matrix: how many, in which order, and how they stand in the graph.</summary>
public sealed class MatrixTests
{
    private static readonly Gen<Dictionary<string, IReadOnlyList<string>>> s_matrices = Gen.Dictionary(
        Gen.String[Gen.Char['a', 'f'], 1, 2], Gen.Int[1, 4].Select(n => (IReadOnlyList<string>)[.. Enumerable.Range(0, n).Select(i => $"v{i}")]))[1, 4];

    [Fact]
    public void Instances_are_counted_with_members_sorted_by_name_and_the_last_one_fastest()
    {
        var matrix = GoodTask(""" "matrix":{"os":["linux","bsd"],"Shard":["2","1"],"arch":["x"]} """).Matrix;
        Assert.Equal(
            ["Shard=2 arch=x os=linux", "Shard=2 arch=x os=bsd", "Shard=1 arch=x os=linux", "Shard=1 arch=x os=bsd"],
            Matrix.InstancesOf(matrix).Select(i => string.Join(' ', i.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}"))));
    }

    [Fact]
    public void There_is_each_combination_once_and_their_number_is_the_product()
    {
        s_matrices.Sample(matrix =>
        {
            var all = Matrix.InstancesOf(matrix).Select(i => string.Join(',', i.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => v.Value))).ToList();
            Assert.Equal(matrix.Values.Aggregate(1, (n, values) => n * values.Count), all.Count);
            Assert.Equal(all.Count, Matrix.CountOf(matrix));
            Assert.Equal(all.Count, all.Distinct().Count());
            Assert.Equal(all.Order(StringComparer.Ordinal), all); // values grow with their place here, so places grow as texts do
        });
    }

    [Fact]
    public void A_count_that_no_number_holds_is_still_too_many()
    {
        var values = (IReadOnlyList<string>)[.. Enumerable.Range(0, 1000).Select(i => $"{i}")];
        Assert.Equal(int.MaxValue, Matrix.CountOf(Enumerable.Range(0, 16).ToDictionary(i => $"m{i}", _ => values)));
    }

    [Fact]
    public void With_every_instance_a_pipeline_has_at_most_a_thousand_tasks()
    {
        Assert.Equal(1001, new TaskGraph(Good(OneTask($"\"matrix\":{{\"a\":{Values(10)},\"b\":{Values(100)}}}")).Tasks).Count); // and the join
        IsInvalid(OneTask($"\"matrix\":{{\"a\":{Values(7)},\"b\":{Values(143)}}}"), "/tasks", "There are 1001 tasks with every instance of each matrix; at most 1000 are allowed.");
        IsInvalid(
            Tasks($$"""{"id":"a","image":"i","matrix":{"x":{{Values(999)}} } }""", """{"id":"b","image":"i"}""", """{"id":"c","image":"i"}"""), "/tasks", "There are 1001 tasks");
        Assert.Contains(Refused(OneTask($"\"matrix\":{{\"a\":{Values(1001)}}}")).Faults!, f => f.Message == "'a' has 1001 values; at most 1000 are allowed.");
    }

    [Theory]
    [InlineData("""{"a":[]}""", "/a", "needs at least one value")]
    [InlineData("""{"a":["x","x"]}""", "/a", "has a value twice")]
    [InlineData("""{"a-b":["x"]}""", "/a-b", "cannot be a variable")]
    [InlineData("""{"1a":["x"]}""", "/1a", "starts with no digit")]
    [InlineData("""{"gofer_task":["x"]}""", "/gofer_task", "reserved")]
    [InlineData("""{"os":["x"],"OS":["y"]}""", "/OS", "another letter case too; both would be the variable OS")]
    public void A_member_that_cannot_be_is_refused(string matrix, string pointer, string said) =>
        IsInvalid(OneTask($"\"matrix\":{matrix}"), $"/tasks/0/matrix{pointer}", said);

    [Fact]
    public void There_are_at_most_16_members_of_values_of_64_KiB()
    {
        Assert.Equal(16, GoodTask($"\"matrix\":{Members(16)}").Matrix.Count);
        IsInvalid(OneTask($"\"matrix\":{Members(17)}"), "/tasks/0/matrix", "There are 17 members; a matrix has at most 16.");
        IsInvalid(OneTask($$""" "matrix":{"a":["{{new string('x', 65_537)}}"]} """), "/tasks/0/matrix/a", "longer than 65536 bytes");

        static string Members(int count) => $"{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"m{i}\":[\"x\"]"))}}}";
    }

    [Fact]
    public void In_the_graph_instances_have_the_tasks_parents_and_children_have_their_join()
    {
        var graph = new TaskGraph(Good(Tasks(
            Task("a"), """{"id":"m","image":"i","depends_on":{"a":"any"},"matrix":{"x":["1","2"]}}""", """{"id":"z","image":"i","depends_on":{"m":"failure"}}""")).Tasks);
        Assert.Equal(["a", "m.1", "m.2", "m", "z"], graph.Nodes.Select(n => n.Id));
        Assert.Equal([false, false, false, true, false], graph.Nodes.Select(n => n.IsJoin));
        Assert.Equal([new Parent(0, ParentCondition.Any)], graph.ParentsOf(1));
        Assert.Equal([new Parent(1, ParentCondition.Any), new Parent(2, ParentCondition.Any)], graph.ParentsOf(3));
        Assert.Equal([new Parent(3, ParentCondition.Failure)], graph.ParentsOf(4));
        Assert.Equal([1, 2], graph.ChildrenOf(0));
        Assert.Equal((2, null, 4), (graph.IndexOf("m.2"), graph.IndexOf("m"), graph.IndexOf("z")));
        Assert.Equal(["a", "m.1", "m.2", "z"], graph.Ids);
    }

    [Fact]
    public void An_instance_is_no_parent()
    {
        IsInvalid(Tasks("""{"id":"m","image":"i","matrix":{"x":["1"]}}""", """{"id":"z","image":"i","depends_on":{"m.1":"success"}}"""), "/tasks/1/depends_on/m.1", "name the task, 'm', which means all of its instances.");
    }

    private static string Values(int count) => $"[{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"{i}\""))}]";
}
