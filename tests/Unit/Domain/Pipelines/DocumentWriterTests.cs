using System.Text.Json;
using CsCheck;
using Gofer.Domain.Pipelines;
using Gofer.Tests.Support.Documents;
using static Gofer.Tests.Unit.Domain.Pipelines.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

public sealed class DocumentWriterTests
{
    [Fact]
    public void Defaults_are_left_out() => Assert.Equal(
        """{"id":"p","tasks":[{"id":"a","image":"busybox"}]}""",
        DocumentWriter.Write(Good("""
            { "tasks": [ { "image": "busybox", "id": "a", "command": [], "variables": {}, "resources": {}, "allow_failure": false, "user": "", "registry_auth": null } ],
              "parallelism": 0, "on_limit": "queue", "labels": {}, "description": "", "name": "p", "id": "p", "$schema": "x" }
            """)));

    [Fact]
    public void Documents_that_mean_the_same_are_the_same_text_and_hash()
    {
        var one = DocumentWriter.Write(Good("""{"id":"p","tasks":[{"id":"a","image":"b"},{"id":"c","image":"b","depends_on":{"a":"Any"},"variables":{"B":"1","A":"\u00e4"}}]}"""));
        var other = DocumentWriter.Write(Good("""{"tasks":[{"image":"b","id":"a"},{"variables":{"A":"ä","B":"1"},"depends_on":{"a":"any"},"image":"b","id":"c"}],"id":"p"}"""));

        Assert.Equal(one, other);
        Assert.Equal(DocumentWriter.Hash(one), DocumentWriter.Hash(other));
        Assert.NotEqual(DocumentWriter.Hash(one), DocumentWriter.Hash(one.Replace("\"1\"", "\"2\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_hash_is_the_SHA_256_of_the_text() =>
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", DocumentWriter.Hash("abc"));

    [Fact]
    public void Arrays_keep_the_authors_order() => Assert.Equal(
        """{"id":"p","tasks":[{"command":["z","a"],"id":"b","image":"i"},{"id":"a","image":"i"}]}""",
        DocumentWriter.Write(Good("""{"id":"p","tasks":[{"id":"b","image":"i","command":["z","a"]},{"id":"a","image":"i"}]}""")));

    [Fact]
    public void A_stored_document_is_read_whatever_the_limits_are_now()
    {
        var limits = DocumentLimits.Default with { Tasks = 2000, Parallelism = 20_000 };
        var document = Read(Tasks([.. Enumerable.Range(0, 2000).Select(i => Task($"t{i}"))]), limits).Value with { Parallelism = 20_000 };

        Assert.Equal(2000, DocumentReader.ReadStored(DocumentWriter.Write(document)).Tasks.Count);
        Assert.Throws<InvalidDataException>(() => DocumentReader.ReadStored("{}"));
    }

    [Fact]
    public void What_was_written_reads_back_to_the_same_content_and_the_same_text() => DocumentGens.Good.Sample(
        document =>
        {
            var written = DocumentWriter.Write(document);
            var read = Good(written);
            SameContent(document, read);
            Assert.Equal(written, DocumentWriter.Write(read));
        },
        iter: 1000);

    [Fact]
    public void Members_are_in_ordinal_order_at_every_level() => DocumentGens.Good.Sample(
        document =>
        {
            using var json = JsonDocument.Parse(DocumentWriter.Write(document));
            Sorted(json.RootElement);
        },
        iter: 500);

    private static void Sorted(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array) foreach (var item in element.EnumerateArray()) Sorted(item);
        if (element.ValueKind != JsonValueKind.Object) return;

        var names = element.EnumerateObject().Select(m => m.Name).ToList();
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
        foreach (var member in element.EnumerateObject()) Sorted(member.Value);
    }

    private static void SameContent(PipelineDocument a, PipelineDocument b)
    {
        Assert.Equal((a.Id, a.Name, a.Description, a.Parallelism), (b.Id, b.Name, b.Description, b.Parallelism));
        Assert.Equal(Entries(a.Labels), Entries(b.Labels));
        Assert.Equal(a.Tasks.Count, b.Tasks.Count);
        foreach (var (x, y) in a.Tasks.Zip(b.Tasks))
        {
            Assert.Equal((x.Id, x.Image, x.Description, x.RegistryAuth, x.WorkingDir, x.User), (y.Id, y.Image, y.Description, y.RegistryAuth, y.WorkingDir, y.User));
            Assert.Equal((x.AlwaysPullNewestImage, x.AllowFailure, x.Resources), (y.AlwaysPullNewestImage, y.AllowFailure, y.Resources));
            Assert.Equal(Entries(x.DependsOn), Entries(y.DependsOn));
            Assert.Equal(Entries(x.Variables), Entries(y.Variables));
            Assert.Equal(x.Entrypoint, y.Entrypoint);
            Assert.Equal(x.Command, y.Command);
        }
    }

    private static IEnumerable<(string, T)> Entries<T>(IReadOnlyDictionary<string, T> map) => map.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => (e.Key, e.Value));
}
