using System.Text;
using Gofer.Client;
using Gofer.Tests.Integration.Api;
using Gofer.Tests.Integration.Serving;
using static Gofer.Tests.Integration.Serving.Documents;

namespace Gofer.Tests.Integration.Objects;

/// <summary>Objects as tasks have them: one task leaves what the next one reads.</summary>
public sealed class TaskObjectTests(GoferServer server) : AreaTest(server)
{
    [Fact]
    public async Task A_task_feeds_its_child_by_an_object_of_the_run_and_the_next_run_by_one_of_the_pipeline()
    {
        var gofer = $"dotnet {GoferProcess.Program} --server {Server.Url}";
        await Area.RegisterAsync(Of(
            "p",
            Step("make", $"echo \"from run $GOFER_RUN_ID\" | {gofer} object put out - --run $GOFER_RUN_ID && echo \"by run $GOFER_RUN_ID\" | {gofer} object put last"),
            Step("use", "echo \"$OUT\"; echo \"$LAST\"", ("make", "success")).And(""" "variables":{"OUT":"run_object{{out}}","LAST":" Pipeline_Object{{ last }} "} """)));
        foreach (var n in new[] { 1, 2 })
        {
            var run = await Area.EndAsync(await Area.RunAsync("p"));
            Assert.True(run.State == RunState.Succeeded, await TextAsync(run, "make"));
            // As it is, with its line break; and unlike a secret it is shown.
            Assert.Equal($"from run {n}\n\nby run {n}\n\n", await TextAsync(run, "use"));
        }
    }

    [Theory]
    [InlineData("pipeline_object", null, "There is no pipeline object 'x'. Put it with: gofer object put x FILE -n AREA -p p")]
    [InlineData("run_object", null, "There is no run object 'x'. Put it with: gofer object put x FILE -n AREA -p p --run 1")]
    [InlineData("pipeline_object", 65_537, "The pipeline object 'x' is 65537 bytes long, and a variable holds at most 65536. Let the task read it: gofer object get x -p p")]
    [InlineData("pipeline_object", 0, "The pipeline object 'x' is no UTF-8 text, or holds a NUL; a variable holds nothing else.")]
    public async Task An_object_that_cannot_be_the_variable_fails_the_task_which_says_why(string kind, int? size, string message)
    {
        await Area.RegisterAsync(Of("p", Step("t", "true").And($$$""" "variables":{"X":"{{{kind}}}{{x}}"},"retry":{"max_attempts":3} """)));
        var bytes = size is > 0 ? Encoding.ASCII.GetBytes(new string('x', size.Value)) : [0x61, 0x00];
        if (size is not null) await Area.Client.Bytes.PutAsync(new ObjectOwner(Area.Name, "p"), "x", new MemoryStream(bytes), cancellationToken: Ct);
        var run = await Area.EndAsync(await Area.RunAsync("p"));
        var task = (await Area.TasksAsync(run))["t"];
        Assert.Equal((RunState.Failed, "missing_object", 1), (run.State, task.Reason, task.Attempt));
        Assert.Equal(message.Replace("AREA", Area.Name, StringComparison.Ordinal), task.Message);
    }

    [Fact]
    public async Task The_largest_object_that_a_variable_holds_reaches_the_task_whole()
    {
        await Area.RegisterAsync(Of("p", Step("t", "echo ${#X}").And(""" "variables":{"X":"pipeline_object{{x}}"} """)));
        await Area.Client.Bytes.PutAsync(new ObjectOwner(Area.Name, "p"), "x", new MemoryStream(Encoding.ASCII.GetBytes(new string('x', 65_536))), cancellationToken: Ct);
        var run = await Area.EndAsync(await Area.RunAsync("p"));
        Assert.Equal("65536\n", await TextAsync(run));
    }
}
