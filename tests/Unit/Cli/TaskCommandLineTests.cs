using System.Text.Json;
using Gofer.Cli.Commands;
using Gofer.Client;
using DocumentLimits = Gofer.Domain.Pipelines.DocumentLimits;
using DocumentReader = Gofer.Domain.Pipelines.DocumentReader;

namespace Gofer.Tests.Unit.Cli;

public sealed class TaskCommandLineTests
{
    private const string Document = """
        {"id":"p","params":[{"name":"n","type":"int","default":1}],"tasks":[{"id":"t","image":"img:1","matrix":{"shard":["a","b c"]},
          "variables":{"N":"param{{n}}","TOKEN":"pipeline_secret{{token}}","OTHER":"pipeline_secret{{other}}","KEPT":"of the task"}}]}
        """;

    [Fact]
    public void Variables_are_those_that_the_task_got_and_secrets_are_the_callers_to_set()
    {
        var line = Line(publicUrl: "http://gofer.internal");
        foreach (var variable in new[]
        {
            "GOFER_NAMESPACE_ID=team", "GOFER_PIPELINE_ID=p", "GOFER_PIPELINE_VERSION=3", "GOFER_RUN_ID=17", "GOFER_RUN_UUID=00000000-0000-0000-0000-000000000007", "GOFER_TASK_ID=t.2",
            "GOFER_TASK_IMAGE=img:1", "GOFER_ATTEMPT=2", "GOFER_API_URL=http://gofer.internal", "'SHARD=b c'", "N=42", "'KEPT=of the run'", "\"TOKEN=$TOKEN\"", "'OTHER=set by hand'",
        })
        {
            Assert.Contains($"  --env {variable} \\\n", line, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("{{", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nobody_says_where_the_API_is_no_task_is_told() => Assert.DoesNotContain("GOFER_API_URL", Line(publicUrl: null), StringComparison.Ordinal);

    private static string Line(string? publicUrl)
    {
        using var json = JsonDocument.Parse(Document);
        var document = DocumentReader.Read(json.RootElement, DocumentLimits.None).Value;
        var run = new RunView
        {
            Id = new Guid("00000000-0000-0000-0000-000000000007"),
            Namespace = "team",
            Pipeline = "p",
            Number = 17,
            Version = 3,
            Variables = new Dictionary<string, string> { ["KEPT"] = "of the run", ["OTHER"] = "set by hand" },
            Params = new Dictionary<string, JsonElement> { ["n"] = JsonSerializer.SerializeToElement(42) },
        };
        return TaskCommandLine.Of(TaskCommandLine.Claimed(run, new TaskView { Id = "t.2", Attempt = 2 }, document), publicUrl);
    }
}
