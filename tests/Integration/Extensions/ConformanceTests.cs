using System.CommandLine;
using System.Text.Json;
using Gofer.Infrastructure.Extensions.Conformance;
using Gofer.Tests.Support.Extensions;

namespace Gofer.Tests.Integration.Extensions;

/// <summary>What <c>gofer extension test</c> says of the examples, which keep to the rules, and of extensions that break one.</summary>
public sealed class ConformanceTests
{
    private static readonly (string, string) s_token = ("GOFER_EXTENSION_TOKEN", PlantedExtension.Token);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_example_in_CSharp_keeps_to_the_rules()
    {
        await using var example = await ExampleProgram.DotnetAsync("extension-csharp.dll", "GOFER_EXTENSION_LISTEN", Ct, s_token);
        await KeepsAsync(example);
    }

    [Fact]
    public async Task The_example_in_Node_keeps_to_the_rules()
    {
        await using var example = await ExampleProgram.NodeAsync("examples/extension-node/extension.mjs", "GOFER_EXTENSION_LISTEN", Ct, s_token);
        await KeepsAsync(example);
    }

    [Fact]
    public async Task An_extension_of_the_tests_without_a_fault_keeps_to_the_rules()
    {
        await using var extension = await PlantedExtension.StartAsync(Fault.None, Ct);
        Assert.All(await TestAsync(extension.Address), r => Assert.True(r.Ok, $"[{r.Rule}] {r.What}"));
    }

    [Theory]
    [InlineData(Fault.TakesEveryCaller, "callers", "Describe without a token is answered as if Gofer called.")]
    [InlineData(Fault.ProvesNothing, "proof", "Its answer has no gofer-proof in its initial metadata.")]
    [InlineData(Fault.ProvesTheSame, "proof", "The gofer-proof of its answer is another one")]
    [InlineData(Fault.DoesNotServe, "health", "Its health is not SERVING.")]
    [InlineData(Fault.NamesTwice, "describe", "'every' stands twice in params.")]
    [InlineData(Fault.Forgets, "watch", "was not acknowledged, and the next Watch does not begin with it.")]
    [InlineData(Fault.Floods, "window", "It sent 2 events without an acknowledgement; the window is 1.")]
    public async Task A_planted_fault_is_found_and_its_rule_is_named(Fault fault, string rule, string said)
    {
        await using var extension = await PlantedExtension.StartAsync(fault, Ct);
        var failed = (await TestAsync(extension.Address)).Where(r => !r.Ok).ToList();
        Assert.Contains(failed, r => r.Rule == rule && r.What.Contains(said, StringComparison.Ordinal) && r.Cure is { Length: > 0 });
        // What fails besides is for want of what is broken, not another rule; of a flood so much is on its way that it may come again after its acknowledgement.
        Assert.All(failed.Where(r => fault != Fault.Floods || r.Rule != "watch"), r => Assert.Equal(rule, r.Rule));
    }

    [Fact]
    public async Task Nobody_at_the_address_fails_every_check_and_says_so()
    {
        Uri address;
        await using (var extension = await PlantedExtension.StartAsync(Fault.None, Ct)) address = extension.Address;
        Assert.All(await TestAsync(address), r => Assert.Contains("is away or not ready", r.What, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_extension_without_events_is_not_said_to_be_well()
    {
        await using var extension = await PlantedExtension.StartAsync(Fault.None, Ct);
        extension.Events = 0;
        var failed = (await TestAsync(extension.Address, wait: 1)).Where(r => !r.Ok).ToList();
        Assert.Contains(failed, r => r.Rule == "watch" && r.What.StartsWith("No event came within 1 seconds.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_command_prints_a_line_for_each_check_and_ends_with_1_where_one_failed()
    {
        await using var extension = await PlantedExtension.StartAsync(Fault.NamesTwice, Ct);
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, PlantedExtension.Token + "\n", Ct);
        var (code, output, errors) = await GoferAsync("extension", "test", extension.Address.ToString(), "--token-file", file, "-p", "every=1");
        Assert.Equal(1, code);
        Assert.Contains("ok     [health] It says that it serves.", output, StringComparison.Ordinal);
        Assert.Contains("FAILED [describe] 'every' stands twice in params.", output, StringComparison.Ordinal);
        Assert.Contains("checks failed.", errors, StringComparison.Ordinal);

        var (_, json, _) = await GoferAsync("extension", "test", extension.Address.ToString(), "--token-file", file, "-o", "json");
        using var results = JsonDocument.Parse(json);
        Assert.Contains(results.RootElement.EnumerateArray(), r => r.GetProperty("rule").GetString() == "describe" && !r.GetProperty("ok").GetBoolean());
        File.Delete(file);
    }

    [Theory]
    [InlineData("must be an address", "extension", "test", "ftp://a")]
    [InlineData("must be an address", "extension", "test", "http://127.0.0.1:1/path")]
    [InlineData("--wait must be a duration from 1s to 1h", "extension", "test", "http://127.0.0.1:1", "--wait", "2h")]
    public async Task What_is_typed_wrongly_is_said(string said, params string[] arguments)
    {
        var (code, _, errors) = await GoferAsync(arguments);
        Assert.Equal(2, code);
        Assert.Contains(said, errors, StringComparison.Ordinal);
    }

    private static async Task KeepsAsync(ExampleProgram example)
    {
        var results = await TestAsync(example.Address, shutdown: true, ("every_ms", "100"));
        Assert.All(results, r => Assert.True(r.Ok, $"[{r.Rule}] {r.What} It wrote: {example.Said}"));
        Assert.Equal(["health", "callers", "proof", "describe", "validate", "subscribe", "window", "watch", "size", "shutdown"], results.Select(r => r.Rule));
        Assert.Equal(0, await example.EndAsync(Ct));
        Assert.DoesNotContain(PlantedExtension.Token, example.Said, StringComparison.Ordinal);
    }

    private static Task<List<ConformanceResult>> TestAsync(Uri address, params (string, string)[] parameters) => TestAsync(address, shutdown: false, parameters);

    private static Task<List<ConformanceResult>> TestAsync(Uri address, int wait) =>
        TestAsync(new ExtensionConformance { Address = address, Token = PlantedExtension.Token, Wait = TimeSpan.FromSeconds(wait) });

    private static Task<List<ConformanceResult>> TestAsync(Uri address, bool shutdown, params (string Name, string Value)[] parameters) => TestAsync(new ExtensionConformance
    {
        Address = address,
        Token = PlantedExtension.Token,
        Params = parameters.ToDictionary(p => p.Name, p => p.Value),
        Shutdown = shutdown,
    });

    private static async Task<List<ConformanceResult>> TestAsync(ExtensionConformance test)
    {
        var results = new List<ConformanceResult>();
        await foreach (var result in test.RunAsync(Ct)) results.Add(result);
        return results;
    }

    private static async Task<(int Code, string Out, string Error)> GoferAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = await Gofer.Cli.App.RunAsync(arguments, new InvocationConfiguration { Output = output, Error = errors, EnableDefaultExceptionHandler = false }, Ct);
        return (code, output.ToString(), errors.ToString());
    }
}
