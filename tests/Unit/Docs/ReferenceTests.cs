using System.Reflection;
using System.Text.Json;
using Gofer.Application.Runs;
using Gofer.Domain.Audit;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Tests.Support;

namespace Gofer.Tests.Unit.Docs;

/// <summary>Whatever a user can meet by name has its place in the reference.</summary>
public sealed class ReferenceTests
{
    [Fact]
    public void The_page_of_the_command_line_is_that_of_the_commands()
    {
        var page = CliReference.Generate(Gofer.Cli.App.Root());
        Assert.True(page.Split("\n## `gofer ").Length > 20, "The commands are missing.");
        Approve("docs/reference/cli.md", page);
    }

    [Theory]
    [InlineData("extension")]
    [InlineData("task")]
    [InlineData("store")]
    public void The_page_of_a_proto_is_that_of_its_comments(string name)
    {
        var page = ProtoReference.Generate($"proto/gofer/{name}/v1/{name}.proto");
        Assert.True(page.Split("\n## ").Length > 10, "The messages are missing.");
        Approve($"docs/reference/{name}-proto.md", page);
    }

    [Fact]
    public void Every_error_code_has_a_heading_a_cause_and_a_cure()
    {
        var text = File.ReadAllText(Repository.PathOf("docs/reference/errors.md"));
        var sections = text.Split("\n## ")[1..].ToDictionary(s => s.Split('\n')[0].Trim('`'));
        Assert.Equal(Constants(typeof(ErrorCodes)).Order(StringComparer.Ordinal), sections.Keys.Order(StringComparer.Ordinal));
        Assert.All(sections.Values, s =>
        {
            Assert.Matches(@"\n\n[45]\d\d\. ", s);
            Assert.Contains("\n**Cause.** ", s, StringComparison.Ordinal);
            Assert.Contains("\n**Cure.** ", s, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("docs/reference/events.md", typeof(EventTypes))]
    [InlineData("docs/operations/audit.md", typeof(AuditTypes))]
    [InlineData("docs/operations/audit.md", typeof(AuditOutcome))]
    [InlineData("docs/reference/states.md", typeof(Reasons))]
    [InlineData("docs/reference/states.md", typeof(VersionReasons))]
    [InlineData("docs/reference/states.md", typeof(RunState))]
    [InlineData("docs/reference/states.md", typeof(TaskState))]
    [InlineData("docs/reference/states.md", typeof(WaitingFor))]
    [InlineData("docs/reference/states.md", typeof(WaitCodes))]
    public void Every_state_reason_and_event_has_its_row(string page, Type type)
    {
        var names = type.IsEnum ? Enum.GetNames(type).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName).ToList() : [.. Constants(type)];
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Contains(name, Page.Of(page).Rows));
    }

    /// <summary>Every member that the schema of a document leads to, however deep, so that a new one is missed too.</summary>
    [Fact]
    public void Every_member_of_the_document_has_its_row()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Repository.PathOf("docs/openapi.json")));
        var schemas = json.RootElement.GetProperty("components").GetProperty("schemas");
        var (left, seen) = (new Queue<string>(["PipelineDocument"]), new HashSet<string> { "PipelineDocument" });
        var members = new HashSet<string>();
        while (left.TryDequeue(out var name))
        {
            foreach (var reference in References(schemas.GetProperty(name)).Where(seen.Add)) left.Enqueue(reference);
            if (schemas.GetProperty(name).TryGetProperty("properties", out var properties)) members.UnionWith(properties.EnumerateObject().Select(p => p.Name));
        }

        Assert.True(members.Count > 35, $"{members.Count} members");
        Assert.All(members, m => Assert.Contains(m, Page.Of("docs/reference/pipeline.md").Rows));
    }

    /// <summary>Compares a page that is made with the one that is checked in; GOFER_TEST_APPROVE=1 writes it.</summary>
    internal static void Approve(string page, string made)
    {
        var path = Repository.PathOf(page);
        if (Environment.GetEnvironmentVariable("GOFER_TEST_APPROVE") == "1") File.WriteAllText(path, made);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == made, $"{page} is not what the code says; 'make docs' writes it anew.");
    }

    private static IEnumerable<string> Constants(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!);

    private static IEnumerable<string> References(JsonElement schema) => schema.ValueKind switch
    {
        JsonValueKind.Object => schema.EnumerateObject().SelectMany(p => p.NameEquals("$ref") ? [p.Value.GetString()!.Split('/')[^1]] : References(p.Value)),
        JsonValueKind.Array => schema.EnumerateArray().SelectMany(References),
        _ => [],
    };
}
