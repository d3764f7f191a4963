using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gofer.Application.Notifications;
using Gofer.Domain.Common;
using Gofer.Domain.Notifications;
using Gofer.Infrastructure.Notifications;
using Gofer.Tests.Support;

namespace Gofer.Tests.Unit.Notifications;

/// <summary>The guide says what the code does, and its programs run.</summary>
public sealed partial class NotificationGuideTests
{
    private static readonly string s_guide = File.ReadAllText(Repository.PathOf("docs/guides/notifications.md"));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void The_table_of_retries_is_the_schedule()
    {
        var sum = TimeSpan.Zero;
        var expected = Enumerable.Range(1, RetrySchedule.MaxAttempts - 1).Select(n =>
        {
            sum += RetrySchedule.LongestDelay(n);
            return string.Create(CultureInfo.InvariantCulture, $"| {n} | {Duration.Text(RetrySchedule.LongestDelay(n))} | {Duration.Text(sum)} |");
        });
        Assert.Equal(expected, Attempt().Matches(s_guide).Select(m => m.Value));
        Assert.Equal(RetrySchedule.LongestAltogether, sum);
    }

    [Fact]
    public void The_numbers_are_those_of_the_code() => Assert.All(
        [
            $"At most {NotificationDefinition.MaxCount} a pipeline", $"at most {NotificationUrl.MaxLength} characters",
            $"{Duration.Text(NotificationDefinition.Shortest)} to {Duration.Text(NotificationDefinition.Longest)}",
            $"An attempt takes at most {NotificationSender.Timeout.TotalSeconds} s", $"tried {RetrySchedule.MaxAttempts} times in all",
            $"at most {TargetLimiter.Together} deliveries at a time, {TargetLimiter.PerHost} of them to one host, and {TargetLimiter.PerMinute} a minute",
            $"the first {NotificationSender.KeptCharacters} characters are kept", $"`{GoferSignature.Header}`",
        ],
        said => Assert.Contains(said, s_guide, StringComparison.Ordinal));

    [Fact]
    public void Every_word_has_its_row_and_its_event()
    {
        foreach (var outcome in Enum.GetValues<NotificationOutcome>())
        {
            var row = Assert.Single(s_guide.Split('\n'), l => l.StartsWith($"| `{outcome.Word()}` | ", StringComparison.Ordinal) && l.Contains("run.", StringComparison.Ordinal));
            Assert.EndsWith($"| `{Facts(outcome).EventType}` |", row, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_example_is_good()
    {
        using var document = JsonDocument.Parse(Fence("json", 0));
        var faults = new FaultList();
        var read = NotificationReader.ReadAll(JsonFields.Open(document.RootElement, faults)!["notifications"]);
        Assert.True(faults.IsEmpty, faults.ToError()?.Message);
        Assert.Equal(["oncall", "ledger"], read!.Select(n => n.Id));
    }

    [Fact]
    public void The_event_and_the_message_are_what_is_sent()
    {
        var facts = Facts(NotificationOutcome.Failed);
        using var shown = JsonDocument.Parse(Fence("json", 1));
        using var sent = JsonDocument.Parse(NotificationPayload.Of(NotificationType.Webhook, facts));
        Assert.True(JsonElement.DeepEquals(shown.RootElement, sent.RootElement), sent.RootElement.ToString());

        using var slack = JsonDocument.Parse(NotificationPayload.Of(NotificationType.Slack, facts));
        var text = slack.RootElement.GetProperty("text").GetString()!;
        Assert.Contains($"> {Link().Replace(text, "[$2]($1)").Replace("*default/nightly*", "**default/nightly**", StringComparison.Ordinal)}\n", s_guide, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("python", "python3", "-c", "import json, sys\nprint([is_genuine(h, b.encode(), k) for h, b, k in json.loads(sys.argv[1])])")]
    [InlineData("js", "node", "-e", "console.log(JSON.parse(process.argv[1]).map(([h, b, k]) => isGenuine(h, Buffer.from(b), k)))")]
    public async Task The_programs_of_the_guide_know_a_signature_that_is_ours(string fence, string tool, string flag, string asks)
    {
        const string Key = "correct horse bättery";
        const string Body = """{"message":"übel 😀"}""";
        var now = TimeProvider.System.GetUtcNow();
        string Signed(DateTimeOffset at) => GoferSignature.Of(Encoding.UTF8.GetBytes(Key), at, Encoding.UTF8.GetBytes(Body));
        string[][] cases =
        [
            [Signed(now), Body, Key],
            [Signed(now), Body + " ", Key],
            [Signed(now), Body, "another"],
            [Signed(now.AddHours(-1)), Body, Key],
            [Signed(now).Replace("t=", "t=1", StringComparison.Ordinal), Body, Key],
            [Signed(now)[..^2], Body, Key],
            ["t=1,v1=é", Body, Key],
            ["anything", Body, Key],
            ["", Body, Key],
        ];
        var said = await RunAsync(tool, flag, Fence(fence, 0) + asks, JsonSerializer.Serialize(cases));
        Assert.Equal([true, .. Enumerable.Repeat(false, cases.Length - 1)], Word().Matches(said).Select(m => bool.Parse(m.Value)));
    }

    private static string Fence(string language, int index) => s_guide.Split($"```{language}\n")[index + 1].Split("```")[0];

    private static NotificationFacts Facts(NotificationOutcome outcome) => new()
    {
        Delivery = Guid.Parse("01990000-0000-7000-8000-000000000001"),
        Notification = "oncall",
        Outcome = outcome,
        Time = new DateTimeOffset(2027, 3, 28, 1, 31, 30, 250, TimeSpan.Zero),
        Namespace = "default",
        Pipeline = "nightly",
        Run = 17,
        Version = 3,
        Reason = "task_failed",
        Message = "Task 'load' failed.",
        StartedAt = new DateTimeOffset(2027, 3, 28, 1, 30, 0, TimeSpan.Zero),
        EndedAt = new DateTimeOffset(2027, 3, 28, 1, 31, 30, 250, TimeSpan.Zero),
        PublicUrl = "https://gofer.example",
    };

    private static async Task<string> RunAsync(string tool, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct);
        Assert.True(process.ExitCode == 0, $"{tool}: {process.ExitCode}\n{await errors}\n{await output}");
        return await output;
    }

    [GeneratedRegex(@"^\| \d+ \| .*\|$", RegexOptions.Multiline)]
    private static partial Regex Attempt();

    [GeneratedRegex(@"<([^|]*)\|([^>]*)>")]
    private static partial Regex Link();

    [GeneratedRegex("true|false", RegexOptions.IgnoreCase)]
    private static partial Regex Word();
}
