using System.Collections.Concurrent;
using System.Text.Json;
using CsCheck;
using Gofer.Domain.Common;
using Gofer.Domain.Pipelines;
using Gofer.Tests.Support.Documents;

namespace Gofer.Tests.Unit.Domain.Pipelines;

public sealed class HostileDocumentTests(ITestOutputHelper output)
{
    [Fact]
    public void A_hostile_document_is_refused_with_faults_that_lead_to_its_places_and_never_breaks_the_reader()
    {
        var outcomes = new ConcurrentDictionary<string, int>();
        HostileDocuments.Texts.Sample(
            json =>
            {
                using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 10_000 });
                var result = DocumentReader.Read(document.RootElement, DocumentLimits.Default);
                outcomes.AddOrUpdate(result.Error?.Code ?? "accepted", 1, (_, n) => n + 1);
                if (result.IsOk) HoldsTogether(result.Value);
                else LeadsToItsPlaces(result.Error, document.RootElement);
            },
            iter: 2000, print: json => json.Length > 4000 ? json[..4000] : json);

        output.WriteLine(string.Join(", ", outcomes.OrderBy(o => o.Key).Select(o => $"{o.Key}: {o.Value}")));
        foreach (var code in new[] { ErrorCodes.MalformedRequest, ErrorCodes.ValidationFailed, "accepted" }) Assert.True(outcomes.GetValueOrDefault(code) > 0, code);
        Assert.True(outcomes.Sum(o => o.Value) - outcomes["accepted"] >= 200);
    }

    [Fact]
    public void No_member_breaks_the_reader_with_any_hostile_value()
    {
        string[] later = ["on", "max_attempts", "initial_delay", "factor", "key", "limit", "user", "pass", "cpu", "memory"];
        string[] known = ["name", "description", "parallelism", "triggers", "notifications", "entrypoint", "command", "working_dir", "concurrency", "always_pull_newest_image", "allow_failure"];
        string[] types = ["cron", "interval", "webhook", "github", "pipeline", "slack"];
        string[] settings =
        [
            "id", "type", "enabled", "overlap", "version", "params", "expression", "zone", "dst", "every", "anchor", "catch_up", "jitter", "signature", "dedupe", "filter", "secret", "events", "branches",
            "repository", "namespace", "pipeline", "on", "url", "longer_than",
        ];
        string[] groups = ["retry", "concurrency", "registry_auth", "resources", "matrix", "with"];

        foreach (var value in HostileDocuments.Values)
        {
            foreach (var name in HostileDocuments.Names.Concat(known))
            {
                Survives($$"""{"id":"p","tasks":[{"id":"a","image":"b"}],"{{name}}":{{value}} }""");
                Survives($$"""{"id":"p","tasks":[{"id":"a","image":"b","{{name}}":{{value}} }]}""");
            }

            foreach (var (type, name) in types.SelectMany(t => settings.Select(n => (t, n))))
                Survives($$"""{"id":"p","tasks":[{"id":"a","image":"b"}],"triggers":[{"id":"t","type":"{{type}}","{{name}}":{{value}} }],"notifications":[{"id":"n","type":"{{type}}","{{name}}":{{value}} }]}""");
            foreach (var (group, name) in groups.SelectMany(g => later.Select(n => (g, n))))
                Survives($$"""{"id":"p","tasks":[{"id":"a","image":"b","{{group}}":{"{{name}}":{{value}} } }]}""");
            Survives(value);
        }
    }

    private static void Survives(string json)
    {
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 10_000 });
        var result = DocumentReader.Read(document.RootElement, DocumentLimits.Default);
        if (!result.IsOk) LeadsToItsPlaces(result.Error, document.RootElement);
    }

    private static void HoldsTogether(PipelineDocument document)
    {
        Assert.Equal(document.Tasks.Sum(t => Matrix.CountOf(t.Matrix)), new TaskGraph(document.Tasks).Ids.Count());
        var written = DocumentWriter.Write(document);
        Assert.Equal(written, DocumentWriter.Write(Documents.Good(written)));
    }

    private static void LeadsToItsPlaces(Error error, JsonElement root)
    {
        Assert.Equal(error.Code == ErrorCodes.MalformedRequest ? ErrorKind.Malformed : ErrorKind.Invalid, error.Kind);
        Assert.NotEmpty(error.Faults!);
        Assert.All(error.Faults!, fault =>
        {
            var parent = fault.Pointer.Length == 0 ? "" : fault.Pointer[..fault.Pointer.LastIndexOf('/')];
            Assert.True(Documents.Leads(root, fault.Pointer) || Documents.Leads(root, parent), $"{fault.Pointer} leads nowhere: {fault.Message}");
            Assert.InRange(fault.Pointer.Length, 0, 4096);
            Assert.InRange(fault.Message.Length, 1, 1000);
            Assert.DoesNotContain(fault.Message, char.IsControl);
        });
    }
}
