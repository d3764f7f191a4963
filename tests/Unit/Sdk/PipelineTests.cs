using Gofer.Domain.Pipelines;
using Gofer.Sdk;
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
        var load = pipeline.Task("load", "ubuntu:24.04").Script("echo load").After(extract).RegistryAuth("u", "namespace_secret{{registry}}").AlwaysPull();
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
        Assert.Equal("namespace_secret{{registry}}", document.Tasks[1].RegistryAuth!.Pass);
        Assert.Equal((ParentCondition.Failure, true), (document.Tasks[2].DependsOn["extract"], document.Tasks[2].AllowFailure));
        Assert.Equal([ParentCondition.Any, ParentCondition.Any], document.Tasks[3].DependsOn.Values);
    }

    [Fact]
    public void Parameters_limits_retries_and_a_matrix_are_written_as_the_document_has_them()
    {
        var pipeline = new Pipeline("nightly").Parallelism(2).OnLimit(OnLimit.CancelOldest).Timeout(TimeSpan.FromHours(2)).Priority(-5);
        var region = pipeline.Param("region", "eu", ["eu", "us"], "Where.");
        var count = pipeline.Param("count", 3);
        var ratio = pipeline.Param("ratio", 0.5);
        var dry = pipeline.Param("dry", true);
        var day = pipeline.RequiredParam<string>("day");
        var year = pipeline.RequiredParam("year", [2026L, 2027L]);
        Assert.Equal("param{{region}}", $"{region}");
        pipeline.Task("load", "ubuntu:24.04").Env("REGION", region).Env("COUNT", count).Env("RATIO", ratio).Env("DRY", dry).Env("DAY", day).Env("YEAR", year)
            .Timeout(TimeSpan.FromSeconds(90)).Concurrency($"db-{region}-matrix{{{{shard}}}}", 2).Matrix("shard", "1", "2").Matrix("os", "linux")
            .Retry(5, TimeSpan.FromMilliseconds(1500), 3, TimeSpan.FromMinutes(1), [Failure.ExitCode, Failure.OutOfMemory], [1, 75]);
        pipeline.Task("plain", "ubuntu:24.04").Retry(2);

        var document = Documents.Good(pipeline.ToJson());
        Assert.Equal((2, LimitPolicy.CancelOldest, TimeSpan.FromHours(2), -5), (document.Parallelism, document.OnLimit, document.Timeout, document.Priority));
        Assert.Equal(
            ["region String eu eu,us Where.", "count Int 3  ", "ratio Number 0.5  ", "dry Bool true  ", "day String   ", "year Int  2026,2027 "],
            document.Params.Select(p => $"{p.Name} {p.Type} {p.Default} {string.Join(',', p.Choices)} {p.Description}"));
        var task = document.Tasks[0];
        Assert.Equal(("param{{region}}", "param{{year}}", TimeSpan.FromSeconds(90)), (task.Variables["REGION"], task.Variables["YEAR"], task.Timeout));
        Assert.Equal(new ConcurrencyRule("db-param{{region}}-matrix{{shard}}", 2), task.Concurrency);
        Assert.Equal(["os: linux", "shard: 1 2"], task.Matrix.OrderBy(m => m.Key).Select(m => $"{m.Key}: {string.Join(' ', m.Value)}"));
        Assert.Equal((5, TimeSpan.FromSeconds(1.5), 3.0, TimeSpan.FromMinutes(1)), (task.Retry.MaxAttempts, task.Retry.InitialDelay, task.Retry.Factor, task.Retry.MaxDelay));
        Assert.Equal(["exit_code", "oom"], task.Retry.On);
        Assert.Equal([1, 75], task.Retry.ExitCodes);
        Assert.Equal((2, TimeSpan.FromSeconds(1), RetryPolicy.DefaultOn), (document.Tasks[1].Retry.MaxAttempts, document.Tasks[1].Retry.InitialDelay, document.Tasks[1].Retry.On));
    }

    [Fact]
    public void What_could_only_be_refused_does_not_get_that_far()
    {
        var pipeline = new Pipeline("p");
        var task = pipeline.Task("t", "i");
        pipeline.Param("x", 1);
        Assert.Throws<ArgumentException>(() => pipeline.Param("x", "again"));
        Assert.Throws<ArgumentException>(() => pipeline.Param("y", "c", ["a", "b"]));
        Assert.Throws<NotSupportedException>(() => pipeline.Param("z", DateTime.UnixEpoch));
        Assert.Throws<ArgumentException>(() => task.Env("A", new Pipeline("q").Param("x", 1)));
        Assert.Throws<ArgumentException>(() => task.Matrix("shard"));
        Assert.Throws<ArgumentException>(() => task.Concurrency("", 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => task.Concurrency("k", 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => task.Retry(101));
        Assert.Throws<ArgumentOutOfRangeException>(() => task.Timeout(TimeSpan.FromDays(31)));
        Assert.Throws<ArgumentOutOfRangeException>(() => pipeline.Timeout(TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => pipeline.Priority(101));
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
