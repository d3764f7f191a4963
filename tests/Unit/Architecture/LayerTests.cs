using System.Reflection;
using ArchUnitNET.Domain;
using ArchUnitNET.Fluent;
using ArchUnitNET.Loader;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace Gofer.Tests.Unit.Architecture;

/// <summary>References point one way: Domain ← Application ← Infrastructure ← {Api, Worker} ← Cli; Client and Sdk reference none of them.</summary>
public sealed class LayerTests
{
    private static readonly string[] s_order = ["Domain", "Application", "Infrastructure"];

    private static readonly Dictionary<string, System.Reflection.Assembly> s_assemblies =
        new[] { "Domain", "Application", "Infrastructure", "Api", "Worker", "Client", "Sdk", "Sdk.Extensions" }.ToDictionary(n => n, n => System.Reflection.Assembly.Load($"Gofer.{n}"))
            .Append(KeyValuePair.Create("Cli", typeof(Gofer.Cli.App).Assembly)).ToDictionary();

    private static readonly ArchUnitNET.Domain.Architecture s_house = new ArchLoader().LoadAssemblies([.. s_assemblies.Values]).Build();

    public static TheoryData<string, string[]> Forbidden => new()
    {
        { "Domain", ["Application", "Infrastructure", "Api", "Worker", "Client", "Sdk", "Cli"] },
        { "Application", ["Infrastructure", "Api", "Worker", "Client", "Sdk", "Cli"] },
        { "Infrastructure", ["Api", "Worker", "Client", "Sdk", "Cli"] },
        { "Api", ["Worker", "Client", "Sdk", "Cli"] },
        { "Worker", ["Api", "Client", "Sdk", "Cli"] },
        { "Client", [.. s_order, "Api", "Worker", "Sdk", "Cli"] },
        { "Sdk", [.. s_order, "Api", "Worker", "Client", "Cli"] },
        { "Sdk.Extensions", [.. s_order, "Api", "Worker", "Client", "Sdk", "Cli"] },
    };

    [Theory]
    [MemberData(nameof(Forbidden))]
    public void A_layer_uses_no_layer_above_it(string layer, string[] above)
    {
        var names = s_assemblies[layer].GetReferencedAssemblies().Select(a => a.Name).ToHashSet();
        Assert.DoesNotContain(above, other => names.Contains(s_assemblies[other].GetName().Name));
    }

    [Theory]
    [InlineData("Domain", @"^(Microsoft\.(EntityFrameworkCore|AspNetCore|Extensions)|Npgsql|MediatR|Docker|System\.IO\.File|System\.Net\.Http)")]
    [InlineData("Application", @"^(Npgsql|Microsoft\.AspNetCore|Docker\.DotNet|k8s)")]
    [InlineData("Sdk", @"^(Microsoft|Npgsql|Refit)\.")]
    public void A_layer_knows_nothing_of_what_is_not_its_business(string layer, string types)
    {
        var pattern = new System.Text.RegularExpressions.Regex(types);
        var used = s_house.Types.Where(t => t.Assembly.FullName == s_assemblies[layer].FullName)
            .SelectMany(t => t.Dependencies.Select(d => (From: t.FullName, To: d.Target.FullName)))
            .Where(d => pattern.IsMatch(d.To))
            .Select(d => $"{d.From} → {d.To}").Distinct().ToList();
        Assert.Empty(used);
    }

    [Fact]
    public void Endpoints_reach_the_database_through_use_cases_only()
    {
        var rule = Types().That().ResideInAssembly(s_assemblies["Api"]).Should().NotDependOnAny(
            Types().That().HaveFullNameMatching(@"^Gofer\.Application\.Common\.IGoferDb$").Or().HaveFullNameMatching(@"^Gofer\.Infrastructure\.Postgres\.GoferDbContext$"));
        Assert.True(rule.HasNoViolations(s_house), string.Join('\n', rule.Evaluate(s_house).Where(r => !r.Passed).Select(r => r.Description)));
    }

    [Fact]
    public void SQL_stands_in_the_Postgres_room_only()
    {
        var outside = s_house.Types
            .Where(t => t.FullName.StartsWith("Gofer.", StringComparison.Ordinal) && !t.FullName.StartsWith("Gofer.Infrastructure.Postgres", StringComparison.Ordinal))
            .SelectMany(t => t.Dependencies.Select(d => (From: t.FullName, To: d.Target.FullName)))
            .Where(d => d.To is "Npgsql.NpgsqlCommand" or "Npgsql.NpgsqlConnection" or "Npgsql.NpgsqlBatch" or "Npgsql.NpgsqlDataSource")
            .Select(d => $"{d.From} → {d.To}").Distinct().ToList();
        Assert.Empty(outside);
    }
}
