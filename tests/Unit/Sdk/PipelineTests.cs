using Gofer.Domain.Pipelines;
using Gofer.Tests.Unit.Domain.Pipelines;
using Pipeline = Gofer.Sdk.Pipeline;

namespace Gofer.Tests.Unit.Sdk;

public sealed class PipelineTests
{
    [Fact]
    public void What_the_builder_prints_is_what_was_built()
    {
        var pipeline = new Pipeline("nightly", "Nightly").Describe("Every night.").Label("team", "data").Parallelism(2);
        var extract = pipeline.Task("extract", "ubuntu:24.04").Command("./extract.sh", "--all").Env("REGION", "eu").Cpu("500m").Memory("256Mi").WorkingDir("/w").User("1000");
        var load = pipeline.Task("load", "ubuntu:24.04").Script("echo load").After(extract).RegistryAuth("u", "p").AlwaysPull();
        pipeline.Task("clean", "ubuntu:24.04").AfterFailureOf(extract).AllowFailure();
        pipeline.Task("report", "ubuntu:24.04").AfterAny(extract, load);

        var document = Documents.Good(pipeline.ToJson());
        Assert.Equal(("nightly", "Nightly", "Every night.", 2, "data"), (document.Id, document.Name, document.Description, document.Parallelism, document.Labels["team"]));
        Assert.Equal(["extract", "load", "clean", "report"], document.Tasks.Select(t => t.Id));
        Assert.Equal(["./extract.sh", "--all"], document.Tasks[0].Command);
        Assert.Equal(("eu", "500m", "256Mi", "/w", "1000"), (
            document.Tasks[0].Variables["REGION"], document.Tasks[0].Resources.Cpu, document.Tasks[0].Resources.Memory, document.Tasks[0].WorkingDir, document.Tasks[0].User));
        Assert.Equal(ParentCondition.Success, document.Tasks[1].DependsOn["extract"]);
        Assert.True(document.Tasks[1].AlwaysPullNewestImage);
        Assert.Equal("p", document.Tasks[1].RegistryAuth!.Pass);
        Assert.Equal((ParentCondition.Failure, true), (document.Tasks[2].DependsOn["extract"], document.Tasks[2].AllowFailure));
        Assert.Equal([ParentCondition.Any, ParentCondition.Any], document.Tasks[3].DependsOn.Values);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("-a")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public void A_bad_id_is_refused_where_it_is_written(string id)
    {
        Assert.Throws<ArgumentException>(() => new Pipeline(id));
        Assert.Throws<ArgumentException>(() => new Pipeline("p").Task(id, "i"));
    }

    [Fact]
    public void A_task_is_defined_once_and_depends_on_tasks_of_its_own_pipeline_only()
    {
        var pipeline = new Pipeline("p");
        pipeline.Task("a", "i");
        Assert.Throws<ArgumentException>(() => pipeline.Task("a", "i"));
        var stranger = new Pipeline("q").Task("b", "i");
        Assert.Throws<ArgumentException>(() => pipeline.Task("c", "i").After(stranger));
    }

    [Fact]
    public void A_script_loses_the_indentation_that_its_source_has()
    {
        var pipeline = new Pipeline("p");
        pipeline.Task("a", "i").Script("\n    if true; then\n      echo yes\n    fi\n");
        Assert.Equal(["sh", "-c", "if true; then\n  echo yes\nfi"], Documents.Good(pipeline.ToJson()).Tasks[0].Command.Select(c => c.Trim('\n')));
    }
}
