using Gofer.Application.Secrets;
using Gofer.Domain.Common;
using Gofer.Domain.Secrets;

namespace Gofer.Tests.Integration.Secrets;

/// <summary>What every store of secrets promises; each implementation inherits these tests and runs them on the real thing.</summary>
public abstract class SecretStoreContract
{
    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    private protected abstract ISecretStore Store { get; }

    /// <summary>Scopes that nobody else uses; those of one kind differ in one part each.</summary>
    private protected static IReadOnlyList<SecretScope> Scopes()
    {
        var (home, other) = (New(), New());
        var (pipeline, second) = (New(), New());
        return
        [
            new SecretScope.OfPipeline(new NamespaceId(home), new PipelineId(pipeline)), new SecretScope.OfPipeline(new NamespaceId(home), new PipelineId(second)),
            new SecretScope.OfNamespace(new NamespaceId(home)), new SecretScope.OfNamespace(new NamespaceId(other)), new SecretScope.Global(),
        ];

        static Guid New() => Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
    }

    private protected static SecretText Text(string value) => SecretText.Of(value).Value;

    [Fact]
    public async Task A_value_is_read_as_it_was_put_and_each_one_has_the_next_version()
    {
        foreach (var scope in Scopes())
        {
            Assert.Null(await Store.FindAsync(scope, "token", Ct));
            Assert.Null(await Store.ReadAsync(scope, "token", Ct));
            var first = (await Store.PutAsync(scope, "token", Text("correct horse"), ["*"], Ct))!;
            Assert.Equal(("token", 1, first.CreatedAt), (first.Key, first.Version, first.UpdatedAt));
            var second = (await Store.PutAsync(scope, "token", Text("ä \"'\n$x {{battery}} 🐎"), null, Ct))!;
            Assert.Equal((2, first.CreatedAt), (second.Version, second.CreatedAt));
            Assert.True(second.UpdatedAt >= first.UpdatedAt);
            var read = await Store.ReadAsync(scope, "token", Ct);
            Assert.Equal("ä \"'\n$x {{battery}} 🐎", read!.Value.Reveal());
            Assert.Equivalent(second, read.Info);
            Assert.Equivalent(second, await Store.FindAsync(scope, "token", Ct));
            Assert.True(await Store.DeleteAsync(scope, "token", Ct));
        }
    }

    [Fact]
    public async Task The_longest_value_and_the_longest_key_come_back_whole()
    {
        var (scope, key, value) = (Scopes()[0], new string('k', Slug.MaxLength), new string('ä', SecretText.MaxBytes / 2));
        await Store.PutAsync(scope, key, Text(value), null, Ct);
        Assert.Equal(value, (await Store.ReadAsync(scope, key, Ct))!.Value.Reveal());
    }

    [Fact]
    public async Task The_same_key_elsewhere_is_another_secret()
    {
        var scopes = Scopes();
        for (var i = 0; i < scopes.Count; i++) await Store.PutAsync(scopes[i], "shared-name", Text($"value {i}"), ["*"], Ct);
        for (var i = 0; i < scopes.Count; i++) Assert.Equal($"value {i}", (await Store.ReadAsync(scopes[i], "shared-name", Ct))!.Value.Reveal());
        Assert.True(await Store.DeleteAsync(scopes[0], "shared-name", Ct));
        Assert.Null(await Store.ReadAsync(scopes[0], "shared-name", Ct));
        for (var i = 1; i < scopes.Count; i++) Assert.Equal($"value {i}", (await Store.ReadAsync(scopes[i], "shared-name", Ct))!.Value.Reveal());
        Assert.True(await Store.DeleteAsync(scopes[^1], "shared-name", Ct));
    }

    [Fact]
    public async Task The_letter_case_of_a_key_counts()
    {
        var scope = Scopes()[0];
        await Store.PutAsync(scope, "Token", Text("upper"), null, Ct);
        Assert.Null(await Store.FindAsync(scope, "token", Ct));
        Assert.False(await Store.DeleteAsync(scope, "token", Ct));
    }

    [Fact]
    public async Task A_secret_that_was_deleted_is_gone_and_one_of_its_name_begins_anew()
    {
        var scope = Scopes()[0];
        await Store.PutAsync(scope, "token", Text("first"), null, Ct);
        Assert.True(await Store.DeleteAsync(scope, "token", Ct));
        Assert.False(await Store.DeleteAsync(scope, "token", Ct));
        Assert.Empty(await Store.ListAsync(scope, "", 10, Ct));
        Assert.Equal(1, (await Store.PutAsync(scope, "token", Text("second"), null, Ct))!.Version);
    }

    [Fact]
    public async Task A_list_is_of_one_scope_by_the_bytes_of_the_keys_and_goes_on_after_any_of_them()
    {
        var scopes = Scopes();
        string[] keys = ["a", "B", "b", "a-1", "a_1", "Z", "0"];
        foreach (var key in keys) await Store.PutAsync(scopes[0], key, Text("value of it"), null, Ct);
        await Store.PutAsync(scopes[1], "elsewhere", Text("value of it"), null, Ct);
        string[] sorted = [.. keys.Order(StringComparer.Ordinal)];
        Assert.Equal(sorted, (await Store.ListAsync(scopes[0], "", 100, Ct)).Select(s => s.Key));
        Assert.Equal(sorted[3..5], (await Store.ListAsync(scopes[0], sorted[2], 2, Ct)).Select(s => s.Key));
        Assert.Empty(await Store.ListAsync(scopes[0], sorted[^1], 100, Ct));
    }

    [Fact]
    public async Task The_namespaces_of_a_global_secret_stay_until_others_are_given()
    {
        var (scope, key) = (new SecretScope.Global(), $"g{Guid.CreateVersion7():N}");
        Assert.Null(await Store.PutAsync(scope, key, Text("for nobody"), null, Ct));
        Assert.Null(await Store.FindAsync(scope, key, Ct));
        Assert.Equal(["team-*", "tools"], (await Store.PutAsync(scope, key, Text("first"), ["team-*", "tools"], Ct))!.Namespaces);
        Assert.Equal(["team-*", "tools"], (await Store.PutAsync(scope, key, Text("second"), null, Ct))!.Namespaces);
        Assert.Equal(["ops"], (await Store.PutAsync(scope, key, Text("third"), ["ops"], Ct))!.Namespaces);
        Assert.Equal(["ops"], (await Store.ReadAsync(scope, key, Ct))!.Info.Namespaces);
        Assert.True(await Store.DeleteAsync(scope, key, Ct));
    }

    [Fact]
    public async Task Writers_at_the_same_moment_get_a_version_each_and_the_last_ones_value_stays()
    {
        var scope = Scopes()[0];
        var put = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i => (Info: (await Store.PutAsync(scope, "token", Text($"value {i}"), null, Ct))!, Value: $"value {i}")));
        Assert.Equal(Enumerable.Range(1, 20), put.Select(p => p.Info.Version).Order());
        Assert.Equal(put.Single(p => p.Info.Version == 20).Value, (await Store.ReadAsync(scope, "token", Ct))!.Value.Reveal());
    }
}
