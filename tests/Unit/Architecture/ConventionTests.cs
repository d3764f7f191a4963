using System.Reflection;
using Gofer.Application.Common;
using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Postgres;
using Gofer.Infrastructure.Secrets;
using Gofer.Tests.Support;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace Gofer.Tests.Unit.Architecture;

public sealed class ConventionTests
{
    private static readonly Type[] s_application = typeof(ApplicationServices).Assembly.GetTypes();

    private static IEnumerable<(Type Request, Type Response)> Requests =>
        from type in s_application
        from contract in type.GetInterfaces()
        where contract.IsGenericType && contract.GetGenericTypeDefinition() == typeof(IRequest<>)
        select (type, contract.GetGenericArguments()[0]);

    /// <summary>The container leaves out a behaviour whose constraint fails, so a request with another answer would go unjudged, silently.</summary>
    [Fact]
    public void Every_requests_answer_can_carry_a_refusal()
    {
        Assert.True(Requests.Count() > 15);
        Assert.All(Requests, r => Assert.Contains(
            r.Response.GetInterfaces(), i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IFailable<>) && i.GetGenericArguments()[0] == r.Response));
    }

    [Fact]
    public void Every_request_has_one_handler_that_can_be_made()
    {
        var services = new ServiceCollection().AddLogging().AddGoferPostgres("Host=127.0.0.1;Port=1;Database=none").AddGoferSecrets(TestKeys.Ring).AddGoferApplication();
        services.AddSingleton(Gofer.Domain.Pipelines.DocumentLimits.Default);
        services.AddSingleton<Microsoft.Extensions.Configuration.IConfiguration>(new Microsoft.Extensions.Configuration.ConfigurationBuilder().Build());
        using var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true });
        using var scope = provider.CreateScope();
        Assert.All(Requests, r =>
        {
            var handler = typeof(IRequestHandler<,>).MakeGenericType(r.Request, r.Response);
            Assert.Single(scope.ServiceProvider.GetServices(handler));
        });
    }

    [Fact]
    public void Every_setting_has_its_row_in_the_reference()
    {
        const string Heads = "| Setting | Variable | Flag | Default | Unit | Means |\n|---|---|---|---|---|---|\n";
        var page = Repository.PathOf("docs/reference/settings.md");
        var text = File.ReadAllText(page);
        var rows = Heads + string.Concat(Gofer.Cli.Configuration.SettingTable.All.Select(s =>
            $"| `{s.Key}` | `{s.Variable}` | {Code(s.Flag)} | {(s.Default is { } value ? Code(value) : s.Otherwise)} | {s.Unit.Replace("|", "\\|", StringComparison.Ordinal)} | {s.About} Allowed: {s.Kind.Allowed}. |\n"));
        if (Environment.GetEnvironmentVariable("GOFER_TEST_APPROVE") == "1")
        {
            var (from, to) = (text.IndexOf("| Setting |", StringComparison.Ordinal), text.LastIndexOf(" |\n", StringComparison.Ordinal) + 3);
            File.WriteAllText(page, text = text[..from] + rows + text[to..]);
        }

        Assert.Contains(rows, text, StringComparison.Ordinal);

        static string Code(string? word) => word is null ? "" : $"`{word}`";
    }

    [Fact]
    public void No_source_file_is_longer_than_four_hundred_lines()
    {
        var tooLong = Directory.EnumerateFiles(Repository.PathOf("src"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/Generated/", StringComparison.Ordinal) && !f.Contains("/Migrations/", StringComparison.Ordinal))
            .Where(f => File.ReadLines(f).Count() > 400);
        Assert.Empty(tooLong);
    }
}
