using System.Text.Json;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using static Gofer.Tests.Unit.Domain.Pipelines.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

public sealed class DocumentReaderTests
{
    [Fact]
    public void A_document_with_every_member_is_read_whole()
    {
        var document = Good("""
            { "$schema": {"ignored": true}, "id": "nightly", "name": "Nightly", "description": "d", "parallelism": 3, "labels": {"team":"data"},
              "tasks": [ { "id": "other", "image": "busybox" },
                { "id": "extract", "image": "ubuntu:24.04", "description": "e", "registry_auth": {"user":"u","pass":"global_secret{{p}}"}, "depends_on": {"other":"Any"},
                  "variables": {"REGION":"eu","region":"us"}, "entrypoint": ["sh"], "command": ["-c","true"], "working_dir": "/w", "user": "1000",
                  "always_pull_newest_image": true, "resources": {"cpu":"500m","memory":"256Mi"}, "allow_failure": true } ] }
            """);

        Assert.Equal(("nightly", "Nightly", "d", 3), (document.Id, document.Name, document.Description, document.Parallelism));
        Assert.Equal("data", document.Labels["team"]);
        var task = document.Tasks[1];
        Assert.Equal(("extract", "ubuntu:24.04", "e"), (task.Id, task.Image, task.Description));
        Assert.Equal(new RegistryAuth("u", "global_secret{{p}}"), task.RegistryAuth);
        Assert.Equal(ParentCondition.Any, task.DependsOn["other"]);
        Assert.Equal([("REGION", "eu"), ("region", "us")], task.Variables.Select(v => (v.Key, v.Value)));
        Assert.Equal(["sh"], task.Entrypoint);
        Assert.Equal(["-c", "true"], task.Command);
        Assert.Equal(("/w", "1000", true, true), (task.WorkingDir, task.User, task.AlwaysPullNewestImage, task.AllowFailure));
        Assert.Equal((500L, 256L << 20), (task.Resources.CpuMillis, task.Resources.MemoryBytes));
    }

    [Fact]
    public void The_shape_that_the_original_SDK_prints_registers_unchanged()
    {
        var document = Good("""
            { "id": "dag", "name": "Dag", "description": null, "parallelism": 2, "tasks": [
              { "id": "first", "description": null, "image": "busybox", "registry_auth": null, "depends_on": null, "variables": null,
                "entrypoint": null, "command": ["false"], "inject_api_token": false, "always_pull_newest_image": false },
              { "id": "second", "description": "", "image": "busybox", "registry_auth": null, "depends_on": {"first":"Success"}, "variables": {},
                "entrypoint": [], "command": ["true"], "inject_api_token": false, "always_pull_newest_image": false },
              { "id": "third", "description": null, "image": "busybox", "registry_auth": null, "depends_on": {"first":"Failure","second":"Any"}, "variables": {"A":"1"},
                "entrypoint": null, "command": null, "inject_api_token": false, "always_pull_newest_image": true } ] }
            """);

        Assert.Equal(2, document.Parallelism);
        Assert.Equal(ParentCondition.Success, document.Tasks[1].DependsOn["first"]);
        Assert.Equal([ParentCondition.Failure, ParentCondition.Any], document.Tasks[2].DependsOn.OrderBy(d => d.Key).Select(d => d.Value));
        Assert.Equal(["false"], document.Tasks[0].Command);
    }

    [Fact]
    public void Null_stands_for_absent_in_every_optional_member()
    {
        var document = Good("""
            { "$schema": null, "id": "p", "name": null, "description": null, "parallelism": null, "on_limit": null, "timeout": null, "priority": null, "labels": {"a":null},
              "params": null, "triggers": null, "notifications": null, "tasks": [
              { "id": "a", "image": "busybox", "description": null, "registry_auth": null, "depends_on": null, "variables": {"A":null}, "entrypoint": null, "command": null,
                "working_dir": null, "user": null, "inject_api_token": null, "always_pull_newest_image": null, "resources": {"cpu":null,"memory":null}, "timeout": null,
                "allow_failure": null, "retry": null, "concurrency": null, "matrix": null, "uses": null, "with": null } ] }
            """);

        Assert.Equal("p", document.Name);
        Assert.Empty(document.Labels);
        Assert.Empty(document.Tasks[0].Variables);
        Assert.Null(document.Tasks[0].Resources.CpuMillis);
    }

    [Theory]
    [InlineData("[]", "", "The body must be an object, not an array.")]
    [InlineData("null", "", "The body must be an object, not null.")]
    [InlineData("""{"id":1,"tasks":[{"id":"a","image":"b"}]}""", "/id", "'id' must be a string, not a number.")]
    [InlineData("""{"id":"p","tasks":{}}""", "/tasks", "'tasks' must be an array, not an object.")]
    [InlineData("""{"id":"p","tasks":[null]}""", "/tasks/0", "Item 0 of 'tasks' must be an object, not null.")]
    [InlineData("""{"id":"p","parallelism":1.5,"tasks":[{"id":"a","image":"b"}]}""", "/parallelism", "'parallelism' must be a whole number, not a fraction.")]
    [InlineData("""{"id":"p","parallelism":"1","tasks":[{"id":"a","image":"b"}]}""", "/parallelism", "not a string")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","command":"true"}]}""", "/tasks/0/command", """'command' must be an array such as ["sh", "-c", "echo hello"], not a string.""")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","command":["a",null]}]}""", "/tasks/0/command/1", "Item 1 of 'command' must be a string, not null.")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","variables":{"A/B~":1}}]}""", "/tasks/0/variables/A~1B~0", "'A/B~' must be a string, not a number.")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","depends_on":["a"]}]}""", "/tasks/0/depends_on", """an object such as {"parent": "success"}, not an array""")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","allow_failure":"yes"}]}""", "/tasks/0/allow_failure", "true or false, not a string")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","retry":{"max_attempts":"3"}}]}""", "/tasks/0/retry/max_attempts", "a whole number")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","matrix":{"x":[1]}}]}""", "/tasks/0/matrix/x/0", "a string")]
    [InlineData("""{"id":"p","params":["x"],"tasks":[{"id":"a","image":"b"}]}""", "/params/0", "an object")]
    public void A_member_of_the_wrong_type_makes_the_document_malformed(string json, string pointer, string message) => IsMalformed(json, pointer, message);

    [Theory]
    [InlineData("""{"id":"p","description":"a\u0000b","tasks":[{"id":"a","image":"b"}]}""", "/description", "holds a NUL")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","variables":{"A":"\ud800"}}]}""", "/tasks/0/variables/A", "half of a surrogate pair")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","variables":{"A":"\udc00"}}]}""", "/tasks/0/variables/A", "half of a surrogate pair")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","variables":{"A":"\ud83d\ude00\ude00"}}]}""", "/tasks/0/variables/A", "half of a surrogate pair")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","variables":{"A":"\udc00\ud800"}}]}""", "/tasks/0/variables/A", "half of a surrogate pair")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","variables":{"A":"\ud800\\udc00"}}]}""", "/tasks/0/variables/A", "half of a surrogate pair")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","variables":{"\u0000":"x"}}]}""", "/tasks/0/variables", "The name of a member holds a NUL.")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","variables":{"\ud800":"x"}}]}""", "/tasks/0/variables", "half of a surrogate pair")]
    [InlineData("""{"$schema":{"deep":["\u0000"]},"id":"p","tasks":[{"id":"a","image":"b"}]}""", "/$schema/deep/0", "holds a NUL")]
    [InlineData("""{"id":"p","id":"q","tasks":[{"id":"a","image":"b"}]}""", "/id", "The member 'id' stands twice.")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","variables":{"A":"1","\u0041":"2"}}]}""", "/tasks/0/variables/A", "stands twice")]
    public void What_no_program_should_meet_in_a_text_makes_the_document_malformed(string json, string pointer, string message) => IsMalformed(json, pointer, message);

    [Fact]
    public void Bytes_that_are_not_UTF_8_make_the_document_malformed()
    {
        byte[] json = [.. """{"id":"p","tasks":[{"id":"a","image":"b","user":"x"""u8, 0xFF, .. "\"}]}"u8];
        using var document = JsonDocument.Parse(json);
        IsOnly(DocumentReader.Read(document.RootElement, DocumentLimits.Default).Error!, ErrorCodes.MalformedRequest, "/tasks/0/user", "holds bytes that are not UTF-8");
    }

    [Fact]
    public void Every_other_character_comes_through_escaped_or_not()
    {
        var task = GoodTask(""" "variables": {"A":"\ud83d\ude00😀\\u0000\n\"\uffff"} """);
        Assert.Equal("😀😀\\u0000\n\"\uffff", task.Variables["A"]);
    }

    [Fact]
    public void Everything_malformed_is_reported_together_and_before_what_is_only_refused()
    {
        var error = Refused("""{"id":7,"colour":"red","tasks":[{"id":"a","image":false},{"id":"b c","image":"\u0000"}]}""");

        Assert.Equal(ErrorCodes.MalformedRequest, error.Code);
        Assert.Equal(["/id", "/tasks/0/image", "/tasks/1/image"], error.Faults!.Select(f => f.Pointer).Order());
        Assert.StartsWith("3 things are wrong", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_that_is_refused_is_reported_together()
    {
        var error = Refused("""
            {"id":"-p","parallelism":-1,"tasks":[{"id":"a","image":"","depends_on":{"b":"maybe","zzz":"any"}},{"id":"a","imgae":"x"}],"timeout":"2y"}
            """);

        Assert.Equal((ErrorKind.Invalid, ErrorCodes.ValidationFailed), (error.Kind, error.Code));
        Assert.Equal(
            ["/id", "/parallelism", "/tasks/0/depends_on/b", "/tasks/0/depends_on/b", "/tasks/0/depends_on/zzz", "/tasks/0/image", "/tasks/1/id", "/tasks/1/image", "/tasks/1/imgae", "/timeout"],
            error.Faults!.Select(f => f.Pointer).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b"}],"paralelism":1}""", "/paralelism", "There is no member 'paralelism' here. Did you mean 'parallelism'?")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","dependsOn":{}}]}""", "/tasks/0/dependsOn", "Did you mean 'depends_on'?")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","resources":{"mem":"1Gi"}}]}""", "/tasks/0/resources/mem", "There is no member 'mem' here.")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","registry_auth":{"user":"u","pass":"global_secret{{p}}","password":"p"}}]}""", "/tasks/0/registry_auth/password", "There is no member 'password' here.")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b"}],"xyz~/":null}""", "/xyz~0~1", "There is no member 'xyz~/' here.")]
    public void An_unknown_member_is_refused_at_every_level(string json, string pointer, string message) => IsInvalid(json, pointer, message);

    [Theory]
    [InlineData("""{"tasks":[{"id":"a","image":"b"}]}""", "/id", "'id' is missing.")]
    [InlineData("""{"id":"p"}""", "/tasks", "'tasks' is missing.")]
    [InlineData("""{"id":"p","tasks":null}""", "/tasks", "'tasks' is missing.")]
    [InlineData("""{"id":"p","tasks":[]}""", "/tasks", "A pipeline needs at least one task.")]
    [InlineData("""{"id":"p","tasks":[{"image":"b"}]}""", "/tasks/0/id", "'id' is missing.")]
    [InlineData("""{"id":"p","tasks":[{"id":"a"}]}""", "/tasks/0/image", "'image' is missing.")]
    [InlineData("""{"id":"p","tasks":[{"id":"a","image":"b","registry_auth":{"user":"u"}}]}""", "/tasks/0/registry_auth/pass", "'pass' is missing.")]
    public void A_missing_member_is_named(string json, string pointer, string message) => IsInvalid(json, pointer, message);

    [Theory]
    [InlineData("", "The id must not be empty.")]
    [InlineData("-a", "must start with a letter or a digit")]
    [InlineData("a b", "may hold letters, digits, '-' and '_' only, not ' '.")]
    [InlineData("extract.1", "not '.'")]
    [InlineData("ä", "must start with a letter")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "is 64 characters long; at most 63")]
    public void A_bad_id_is_refused_with_the_reason(string id, string reason)
    {
        IsInvalid($$"""{"id":"{{id}}","tasks":[{"id":"a","image":"b"}]}""", "/id", reason);
        IsInvalid($$"""{"id":"p","tasks":[{"id":"{{id}}","image":"b"}]}""", "/tasks/0/id", reason);
    }

    [Theory]
    [InlineData("", "must not be empty")]
    [InlineData("busy box", "may not hold white space")]
    [InlineData(" busybox", "may not hold white space")]
    [InlineData("busybox\\n", "may not hold white space")]
    public void A_bad_image_is_refused(string image, string reason) =>
        IsInvalid($$"""{"id":"p","tasks":[{"id":"a","image":"{{image}}"}]}""", "/tasks/0/image", reason);

    [Theory]
    [InlineData("Success", ParentCondition.Success)]
    [InlineData("success", ParentCondition.Success)]
    [InlineData("FAILURE", ParentCondition.Failure)]
    [InlineData("Any", ParentCondition.Any)]
    public void A_condition_may_be_in_any_letter_case(string text, ParentCondition condition)
    {
        var document = Good(Tasks(Task("a"), $$"""{"id":"b","image":"x","depends_on":{"a":"{{text}}"} }"""));
        Assert.Equal(condition, document.Tasks[1].DependsOn["a"]);
    }

    [Theory]
    [InlineData("\"succes\"", "it must be one of success, failure, any. Did you mean 'success'?")]
    [InlineData("\"0\"", "it must be one of success, failure, any.")]
    [InlineData("\"\"", "it must be one of success, failure, any.")]
    [InlineData("null", "It is missing what 'a' must come to")]
    public void A_condition_that_is_none_is_refused(string json, string reason) =>
        IsInvalid(Tasks(Task("a"), $$"""{"id":"b","image":"x","depends_on":{"a":{{json}} } }"""), "/tasks/1/depends_on/a", reason);

    [Theory]
    [InlineData("", "A variable needs a name.")]
    [InlineData("A=B", "may not hold '='")]
    [InlineData("GOFER_RUN_ID", "'GOFER_RUN_ID' is reserved")]
    [InlineData("GOFER_", "'GOFER_' is reserved")]
    public void A_bad_name_of_a_variable_is_refused(string name, string reason) =>
        IsInvalid(OneTask($$""" "variables": {"{{name}}":"x"} """), $"/tasks/0/variables/{name}", reason);

    [Fact]
    public void A_variable_that_only_resembles_a_reserved_one_is_taken() =>
        Assert.Equal(["gofer_x", "GOFER"], GoodTask(""" "variables": {"gofer_x":"1","GOFER":"2"} """).Variables.Keys);

    [Theory]
    [InlineData("cpu", "lots", "is no amount of CPU")]
    [InlineData("memory", "100m", "did you mean '100Mi'?")]
    public void A_bad_quantity_is_refused(string member, string text, string reason) =>
        IsInvalid(OneTask($$""" "resources": {"{{member}}":"{{text}}"} """), $"/tasks/0/resources/{member}", reason);
}
