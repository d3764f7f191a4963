using Gofer.Domain.Common;
using static Gofer.Tests.Unit.Domain.Pipelines.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

public sealed class EmptyMembersTests
{
    [Theory]
    [InlineData("on_limit", "\"queue\"")]
    [InlineData("on_limit", "\"\"")]
    [InlineData("timeout", "\"\"")]
    [InlineData("priority", "0")]
    [InlineData("params", "[]")]
    [InlineData("triggers", "[]")]
    [InlineData("notifications", "[]")]
    public void What_asks_for_nothing_passes_in_a_pipeline(string member, string json) => Good(Pipeline(member, json));

    [Theory]
    [InlineData("timeout", "\"\"")]
    [InlineData("retry", "{}")]
    [InlineData("concurrency", "{}")]
    [InlineData("matrix", "{}")]
    [InlineData("uses", "\"\"")]
    [InlineData("with", "{}")]
    public void What_asks_for_nothing_passes_in_a_task(string member, string json) => GoodTask($"\"{member}\": {json}");

    [Fact]
    public void A_limit_policy_that_does_not_exist_is_invalid() => IsInvalid(Pipeline("on_limit", "\"skp\""), "/on_limit", "Did you mean 'skip'?");

    [Theory]
    [InlineData("pipeline_secret{{token}}")]
    [InlineData(" NAMESPACE_SECRET{{ a-b }}")]
    [InlineData("global_secret{{X_1}}")]
    public void A_secret_may_stand_for_a_variable_and_a_login(string value)
    {
        Assert.Equal(value, GoodTask($$$""" "variables": {"A":"{{{value}}}"} """).Variables["A"]);
        Assert.Equal(value, GoodTask($$$""" "registry_auth": {"user":"u","pass":"{{{value}}}"} """).RegistryAuth!.Pass);
    }

    [Theory]
    [InlineData("pipeline_object{{x}}")]
    [InlineData(" Run_Object{{ a-b }}")]
    public void An_object_may_stand_for_a_variable(string value) =>
        Assert.Equal(value, GoodTask($$$""" "variables": {"A":"{{{value}}}"} """).Variables["A"]);

    [Theory]
    [InlineData("correct horse")]
    [InlineData("")]
    [InlineData("param{{x}}")]
    [InlineData("run_object{{x}}")]
    [InlineData("x pipeline_secret{{y}}")]
    public void A_password_that_is_no_secret_is_invalid(string value) => IsOnly(
        Refused($$$"""{"id":"p","params":[{"name":"x"}],"tasks":[{"id":"a","image":"busybox","registry_auth":{"user":"u","pass":"{{{value}}}"}}]}"""),
        ErrorCodes.ValidationFailed, "/tasks/0/registry_auth/pass",
        "'pass' must stand for a secret, such as pipeline_secret{{registry}}; 'gofer secret set registry' stores one.");

    [Theory]
    [InlineData("pipeline_secret{{}}", "stands for a secret whose key must not be empty.")]
    [InlineData("namespace_secret{{a/b}}", "stands for a secret whose key 'a/b' may hold letters, digits, '-' and '_' only, not '/'.")]
    [InlineData("run_object{{}}", "stands for an object whose key must not be empty.")]
    [InlineData(" Pipeline_Object{{ a.b }}", "stands for an object whose key 'a.b' may hold letters, digits, '-' and '_' only, not '.'.")]
    public void A_secret_or_an_object_whose_key_cannot_be_is_invalid(string value, string complaint)
    {
        IsOnly(Refused(OneTask($$$""" "variables": {"A":"{{{value}}}"} """)), ErrorCodes.ValidationFailed, "/tasks/0/variables/A", complaint);
        IsOnly(Refused(OneTask($$$""" "registry_auth": {"user":"{{{value}}}","pass":"global_secret{{x}}"} """)), ErrorCodes.ValidationFailed, "/tasks/0/registry_auth/user", complaint);
    }

    [Theory]
    [InlineData("pipeline_secret{x}")]
    [InlineData("pipeline_secret{{x}")]
    [InlineData("pipeline_secret{{}")]
    [InlineData("the param{{x}}")]
    [InlineData("param{{x}} and more")]
    [InlineData("param{{x}} param{{y}}")]
    [InlineData("secret{{x}}")]
    [InlineData("{{x}}")]
    [InlineData("")]
    public void Other_text_passes_as_it_is(string value) =>
        Assert.Equal(value, GoodTask($$$""" "variables": {"A":"{{{value}}}"} """).Variables["A"]);

    private static string Pipeline(string member, string json) => $$"""{"id":"p","{{member}}":{{json}},"tasks":[{"id":"a","image":"busybox"}]}""";
}
