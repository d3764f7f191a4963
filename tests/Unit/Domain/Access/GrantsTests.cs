using CsCheck;
using Gofer.Domain.Access;
using Gofer.Domain.Namespaces;

namespace Gofer.Tests.Unit.Domain.Access;

public sealed class GrantsTests
{
    private static readonly Gen<string> s_name = Gen.String[Gen.Char["ab-"], 1, 4];
    private static readonly Gen<string> s_pattern = Gen.String[Gen.Char["ab*"], 1, 4];

    private static readonly Gen<Permission> s_permission = Gen.Select(
        Gen.OneOf((string[])[.. AccessWords.Resources, AccessWords.All]).Array[1, 4],
        Gen.OneOf((string[])[.. AccessWords.Actions, AccessWords.All]).Array[1, 3],
        s_pattern.Array[1, 3],
        (resources, actions, namespaces) => new Permission(resources, actions, namespaces));

    private static readonly Gen<Grants> s_part = Gen.Select(s_permission.Array[0, 3], Gen.OneOf(s_pattern, Gen.Const("*")).Array[1, 2], (permissions, token) => Of(token, permissions));
    private static readonly Gen<Grants> s_grants = Gen.OneOf(s_part, s_part.Array[0, 3].Select(parts => Grants.Union(parts)));

    [Fact]
    public void Whoever_covers_another_may_do_all_that_the_other_may() =>
        Gen.Select(s_grants, s_grants, Gen.Enum<Resource>(), Gen.Enum<Verb>(), s_name).Sample(
            (mine, theirs, resource, verb, name) => !mine.Cover(theirs)
                || ((!theirs.Allow(resource, verb, name) || mine.Allow(resource, verb, name)) && (!theirs.AllowEverywhere(resource, verb) || mine.AllowEverywhere(resource, verb))),
            iter: 20_000);

    [Fact]
    public void Everything_covers_everything_and_everybody_covers_itself() => s_grants.Sample(
        grants => Grants.Everything.Cover(grants) && grants.Cover(grants), iter: 5_000);

    [Fact]
    public void What_is_allowed_somewhere_is_seen_there() => Gen.Select(s_grants, Gen.Enum<Resource>(), Gen.Enum<Verb>(), s_name).Sample(
        (grants, resource, verb, name) => AccessWords.IsInstallWide(resource) || !grants.Allow(resource, verb, name) || grants.Sees(name), iter: 5_000);

    [Fact]
    public void Several_together_allow_what_one_of_them_does_and_nothing_else() => Gen.Select(s_grants.Array[0, 3], Gen.Enum<Resource>(), Gen.Enum<Verb>(), s_name).Sample(
        (parts, resource, verb, name) =>
        {
            var union = Grants.Union(parts);
            return union.Allow(resource, verb, name) == parts.Any(p => p.Allow(resource, verb, name))
                && union.AllowEverywhere(resource, verb) == parts.Any(p => p.AllowEverywhere(resource, verb))
                && union.Sees(name) == parts.Any(p => p.Sees(name)) && parts.All(union.Cover);
        },
        iter: 10_000);

    [Fact]
    public void What_is_seen_in_a_list_is_what_may_be_read() => Gen.Select(s_grants, s_name).Sample(
        (grants, name) => grants.Allow(Resource.Namespaces, Verb.Read, name)
            == grants.Sights.Any(s => new[] { s.OfRoles, s.OfHolder }.All(patterns => patterns.Any(p => NamespacePattern.Matches(p, name)))),
        iter: 10_000);

    [Fact]
    public void A_token_narrows_its_roles_and_never_widens_them()
    {
        var role = new Permission(["runs"], ["read"], ["team-*"]);
        Assert.True(Of(["*"], role).Allow(Resource.Runs, Verb.Read, "team-a"));
        Assert.False(Of(["*"], role).Allow(Resource.Runs, Verb.Read, "tools"));
        Assert.True(Of(["team-a"], role).Allow(Resource.Runs, Verb.Read, "team-a"));
        Assert.False(Of(["team-a"], role).Allow(Resource.Runs, Verb.Read, "team-b"));
        Assert.False(Of(["tools"], role).Allow(Resource.Runs, Verb.Read, "team-a"));
        Assert.False(Of(["tools"], role).Sees("tools"));
    }

    [Fact]
    public void What_no_permission_says_is_denied()
    {
        var grants = Of(["*"], new Permission(["runs"], ["read"], ["*"]));
        Assert.False(grants.Allow(Resource.Runs, Verb.Operate, "a"));
        Assert.False(grants.Allow(Resource.Logs, Verb.Read, "a"));
        Assert.False(Of(["*"]).Sees("a"));
        Assert.False(Of(["*"]).Allow(Resource.Runs, Verb.Read, "a"));
    }

    [Fact]
    public void What_is_the_installs_takes_a_role_and_a_token_for_all_namespaces()
    {
        var admin = BuiltInRoles.Admin.Permissions.Single();
        Assert.True(Of(["*"], admin).AllowEverywhere(Resource.Tokens, Verb.Write));
        Assert.False(Of(["team-*"], admin).AllowEverywhere(Resource.Tokens, Verb.Write));
        Assert.False(Of(["*"], admin with { Namespaces = ["team-*", "tools"] }).AllowEverywhere(Resource.Tokens, Verb.Write));
        Assert.True(Of(["team-*"], admin).Allow(Resource.Secrets, Verb.Write, "team-a"));
        Assert.False(Of(["*"], new Permission(["tokens"], ["read"], ["*"])).Sees("team-a"));
    }

    [Fact]
    public void Nobody_covers_what_is_not_invented_yet_but_who_may_do_everything()
    {
        var all = new Permission([.. AccessWords.Resources], [.. AccessWords.Actions], ["*"]);
        Assert.False(Of(["*"], all).Cover(Grants.Everything));
        Assert.True(Of(["*"], all).Cover(Of(["*"], BuiltInRoles.Developer.Permissions.ToArray())));
    }

    private static Grants Of(string[] token, params Permission[] permissions) => Grants.Of([new Role("r", "", permissions, DateTimeOffset.UnixEpoch)], token);
}
