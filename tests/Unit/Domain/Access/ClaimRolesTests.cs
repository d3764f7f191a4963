using CsCheck;
using Gofer.Domain.Access;

namespace Gofer.Tests.Unit.Domain.Access;

public sealed class ClaimRolesTests
{
    private static readonly Gen<string> s_value = Gen.String[Gen.Char["ab*=@/, é"], 1, 6].Select(v => v.Trim()).Where(v => v.Length > 0);
    private static readonly Gen<string> s_role = Gen.String[Gen.Char["ab-"], 0, 4].Select(r => $"r{r}");
    private static readonly Gen<string> s_pattern = Gen.String[Gen.Char["ab*"], 1, 4];

    private static readonly Gen<string> s_entry = Gen.Select(
        s_value, s_role.Array[1, 3], s_pattern.Array[1, 3], (value, roles, namespaces) => $"{value}={string.Join(',', roles)}@{string.Join(" , ", namespaces)}");

    [Fact]
    public void What_is_written_out_is_read_as_the_same() => s_entry.Array[1, 5].Sample(entries =>
    {
        var roles = ClaimRoles.Parse(string.Join("\n", entries)).Value;
        var again = ClaimRoles.Parse(roles.ToString()).Value;
        return again.ToString() == roles.ToString() && entries.Length == again.ToString().Split(';').Length;
    });

    [Fact]
    public void A_text_is_read_or_refused_with_one_sentence_and_never_throws() => Gen.String[Gen.Char["a=@*;,\n\t -é\0"], 0, 20].Sample(text =>
    {
        var read = ClaimRoles.Parse(text);
        return read.IsOk || (read.Error.Message.EndsWith('.') && !read.Error.Message.Any(char.IsControl));
    });

    [Fact]
    public void More_values_never_give_less_and_each_gives_what_it_gives_alone() => Gen.Select(s_entry.Array[1, 5], s_value.Array[0, 3], s_value.Array[0, 3]).Sample((entries, some, more) =>
    {
        var roles = ClaimRoles.Parse(string.Join(";", entries)).Value;
        var (few, all) = (roles.Of(some), roles.Of([.. some, .. more]));
        return few.All(all.Contains) && all.All(g => few.Contains(g) || roles.Of(more).Contains(g));
    });

    [Fact]
    public void Each_value_gets_what_is_written_for_it_and_another_gets_nothing()
    {
        var roles = ClaimRoles.Parse("platform=admin@*; team-a-*=developer,operator@team-a,team-a-*\n  CN=ops,OU=it=viewer@*\r\nops@example.com=viewer@tools").Value;
        AssertOnly(roles.Of(["platform", "nobody"]), ["admin"], ["*"]);
        AssertOnly(roles.Of(["team-a-leads"]), ["developer", "operator"], ["team-a", "team-a-*"]);
        AssertOnly(roles.Of(["CN=ops,OU=it"]), ["viewer"], ["*"]);
        AssertOnly(roles.Of(["ops@example.com"]), ["viewer"], ["tools"]);
        Assert.Equal(2, roles.Of(["platform", "team-a-x", "team-a-y"]).Count);
        Assert.Empty(roles.Of(["Platform", "platforms", "team-a", "", "ops"]));
        Assert.Empty(roles.Of([]));
    }

    [Theory]
    [InlineData("platform", "VALUE=ROLE@NAMESPACE")]
    [InlineData("platform=admin", "VALUE=ROLE@NAMESPACE")]
    [InlineData("=admin@*", "its value must have")]
    [InlineData("a=@*", "a role must not be empty")]
    [InlineData("a=admin,@*", "a role must not be empty")]
    [InlineData("a=admin@", "a namespace must not be empty")]
    [InlineData("a=ad min@*", "a role 'ad min'")]
    [InlineData("a=admin@team/a", "a namespace is 'team/a'")]
    [InlineData("good=admin@*; a=admin@*@*", "a namespace is '*@*'")]
    [InlineData(" ;\n", "There is no entry")]
    public void What_is_wrong_is_said(string text, string why)
    {
        var read = ClaimRoles.Parse(text);
        Assert.False(read.IsOk);
        Assert.Contains(why, read.Error.Message, StringComparison.Ordinal);
    }

    private static void AssertOnly(IReadOnlyList<RoleGrant> grants, string[] roles, string[] namespaces)
    {
        var only = Assert.Single(grants);
        Assert.Equal(roles, only.Roles);
        Assert.Equal(namespaces, only.Namespaces);
    }
}
