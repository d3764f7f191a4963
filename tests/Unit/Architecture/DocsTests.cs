using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gofer.Domain.Pipelines;
using Gofer.Domain.Runs;
using Gofer.Tests.Support;
using Gofer.Tests.Unit.Domain.Pipelines;

namespace Gofer.Tests.Unit.Architecture;

/// <summary>The pages for people say what the code does.</summary>
public sealed partial class DocsTests
{
    private static readonly string s_pipeline = File.ReadAllText(Repository.PathOf("docs/reference/pipeline.md"));
    private static readonly string s_limits = File.ReadAllText(Repository.PathOf("docs/operations/limits.md"));
    private static readonly string s_failures = File.ReadAllText(Repository.PathOf("docs/operations/failures.md"));

    [Fact]
    public void Every_example_is_a_good_document()
    {
        var examples = Example().Matches(s_pipeline).Select(m => m.Groups[1].Value).ToList();
        Assert.Equal(4, examples.Count);
        foreach (var example in examples) Documents.Good(example);
    }

    [Fact]
    public void Every_number_of_a_limit_is_there()
    {
        foreach (var limit in typeof(DocumentLimits).GetProperties().Where(p => p.DeclaringType == typeof(DocumentLimits) && p.GetMethod!.IsStatic is false))
        {
            var written = limit.GetValue(DocumentLimits.Default) switch
            {
                int number => number.ToString("N0", CultureInfo.InvariantCulture),
                TimeSpan { TotalDays: >= 1 and var days } => $"{days} days",
                TimeSpan time => $"{time.TotalMilliseconds} ms",
                _ => null,
            };
            if (written is not null) Assert.True(s_limits.Contains(written, StringComparison.Ordinal), $"{limit.Name}: {written} is not in docs/operations/limits.md.");
        }
    }

    [Fact]
    public void Every_failure_class_says_whether_it_is_retried()
    {
        string[] classes = [.. RetryPolicy.DefaultOn, Reasons.Poison, Reasons.MissingSecret, Reasons.ParentOutcome, Reasons.UserCancelled, Reasons.RunTimeout, Reasons.Superseded, Reasons.TaskFailed, Reasons.TaskCancelled];
        Assert.All(classes, c => Assert.Contains($"`{c}`", s_failures, StringComparison.Ordinal));
        Assert.All(RetryPolicy.DefaultOn, c => Assert.Contains($"`{c}`", s_pipeline, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
