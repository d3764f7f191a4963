using System.Text.Json;
using Gofer.Cli.Local;
using Gofer.Domain.Common;
using Gofer.Worker.Local;

namespace Gofer.Tests.Unit.Cli.Local;

public sealed class LocalPlanTests
{
    private const string Document = """
        {"id":"p","params":[{"name":"n","type":"int","default":1}],"tasks":[
          {"id":"a","image":"i","variables":{"A":"pipeline_secret{{key}}","B":"namespace_secret{{key}}"}},
          {"id":"b","image":"i","depends_on":{"a":"success"},"variables":{"C":"global_secret{{other}}","A":"pipeline_secret{{key}}"},
           "registry_auth":{"user":"me","pass":"pipeline_secret{{registry}}"}}]}
        """;

    [Fact]
    public void A_value_goes_by_the_key_and_one_that_names_the_kind_wins()
    {
        var order = Good(Request(("key", "any"), ("namespace_secret{{ key }}", "the namespace's"), ("other", "o"), ("registry", "r")));
        Assert.Equal("any", order.Substitutes[("pipeline_secret", "key")]);
        Assert.Equal("the namespace's", order.Substitutes[("namespace_secret", "key")]);
        Assert.Equal(4, order.Substitutes.Count);
    }

    [Fact]
    public void Everything_that_is_missing_is_said_once_with_its_first_place()
    {
        var refused = LocalPlan.Make(Json(Document), Request(("key", "any")));
        Assert.Equal(["/tasks/1/variables/C", "/tasks/1/registry_auth/pass"], refused.Error!.Faults!.Select(f => f.Pointer));
        Assert.Equal(
            ["/tasks/0/variables/A", "/tasks/0/variables/B", "/tasks/1/variables/C", "/tasks/1/registry_auth/pass"],
            LocalPlan.Make(Json(Document), Request()).Error!.Faults!.Select(f => f.Pointer));
    }

    [Fact]
    public void A_secret_behind_a_variable_that_the_run_sets_is_not_needed()
    {
        var order = Good(Request(("key", "any"), ("registry", "r")) with { Variables = new Dictionary<string, string> { ["C"] = "mine" } });
        Assert.Equal("mine", order.Variables["C"]);
    }

    [Fact]
    public void One_task_alone_waits_for_nobody_and_needs_only_what_is_its_own()
    {
        var order = Good(Request(("key", "any")) with { Task = "a" });
        Assert.Equal("a", Assert.Single(order.Document.Tasks).Id);
        var child = Good(Request(("key", "any"), ("other", "o"), ("registry", "r")) with { Task = "b" });
        Assert.Empty(Assert.Single(child.Document.Tasks).DependsOn);
        Assert.Equal("/tasks/1/variables/C", LocalPlan.Make(Json(Document), Request(("key", "any")) with { Task = "b" }).Error!.Faults![0].Pointer);
    }

    [Fact]
    public void A_variable_of_the_run_stands_for_nothing_else()
    {
        var refused = LocalPlan.Make(Json(Document), Request(("key", "k"), ("other", "o"), ("registry", "r")) with { Variables = new Dictionary<string, string> { ["X"] = "pipeline_secret{{key}}" } });
        Assert.Equal(ErrorCodes.NotSupported, refused.Error!.Code);
    }

    [Fact]
    public void A_shared_task_is_refused_and_another_task_alone_is_not()
    {
        var document = Json("""{"id":"p","tasks":[{"id":"a","image":"busybox"},{"id":"lint","uses":"lint@2"}]}""");
        var refused = LocalPlan.Make(document, Request()).Error!;
        Assert.Equal((ErrorCodes.NotSupported, "/tasks/1/uses"), (refused.Code, refused.Faults![0].Pointer));
        Assert.Equal("The task 'lint' uses the shared task lint@2, which only a server knows. Run it there, or another task alone with --task.", refused.Message);
        Assert.True(LocalPlan.Make(document, Request() with { Task = "a" }).IsOk);
    }

    private static LocalRequest Request(params (string Name, string Value)[] values) =>
        new() { Namespace = "default", EnvFile = ".env", Values = values.ToDictionary(v => v.Name, v => v.Value) };

    private static LocalOrder Good(LocalRequest request)
    {
        var order = LocalPlan.Make(Json(Document), request);
        Assert.True(order.IsOk, order.IsOk ? "" : order.Error!.Message);
        return order.Value;
    }

    private static JsonElement Json(string text)
    {
        using var json = JsonDocument.Parse(text);
        return json.RootElement.Clone();
    }
}
