// A pipeline in C#: dependencies are variables, so one that does not exist does not compile.
using Gofer.Sdk;

var pipeline = new Pipeline("csharp", "Written in C#").Describe("Three parts are built side by side, then put together.");
var restore = pipeline.Task("restore", "busybox:latest").Script("echo restoring");
var parts = new List<PipelineTask>();
foreach (var name in (string[])["core", "web", "docs"])
{
    parts.Add(pipeline.Task($"build-{name}", "busybox:latest")
        .Env("PART", name)
        .Script(
            """
            echo "building $PART"
            sleep 0.2
            echo "$PART is built"
            """)
        .After(restore));
}

pipeline.Task("package", "busybox:latest").Script("echo packing it all").After([.. parts]);
pipeline.Print();
