// The pipeline my-pipeline: `gofer up` runs this program and registers the document that it prints.
using Gofer.Sdk;

var pipeline = new Pipeline("my-pipeline").Describe("Says hello, checks two things side by side, and reports.");
var who = pipeline.Param("who", "world", description: "Who is greeted.");

var hello = pipeline.Task("hello", "busybox:latest").Script("""echo "Hello, $WHO!" """).Env("WHO", who);

// Tasks are objects: one that does not exist does not compile. A loop makes as many as you like.
var checks = new List<PipelineTask>();
foreach (var name in new[] { "style", "tests" })
{
    checks.Add(pipeline.Task($"check-{name}", "busybox:latest").Script($"echo checking {name}").After(hello).Retry(3));
}

pipeline.Task("report", "busybox:latest").Script("echo all is well").After([.. checks]);
pipeline.Print();
