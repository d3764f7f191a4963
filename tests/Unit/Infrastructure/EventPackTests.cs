using System.Text.Json;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Postgres.Queue;

namespace Gofer.Tests.Unit.Infrastructure;

public sealed class EventPackTests
{
    private static readonly DateTimeOffset s_at = new(2026, 11, 25, 9, 0, 0, TimeSpan.Zero);
    private static readonly Dictionary<string, string> s_none = [];

    [Fact]
    public void Says_no_more_than_an_event_has()
    {
        var data = new Dictionary<string, string> { ["reason"] = "a \"quoted\" one\n" };
        var text = EventPack.Of(
        [
            new RunEvent(1, "run.started", s_at, null, null, s_none),
            new RunEvent(2, "task.ready", s_at, 3, 1, s_none),
            new RunEvent(3, "run.failed", s_at, null, null, data),
        ]);
        using var json = JsonDocument.Parse(text);
        Assert.Equal([1, 3, 4], json.RootElement.EnumerateArray().Select(e => e.GetArrayLength()));
        Assert.Equal((3, 1), (json.RootElement[1][1].GetInt32(), json.RootElement[1][2].GetInt32()));
        Assert.Equal(JsonValueKind.Null, json.RootElement[2][1].ValueKind);
        Assert.Equal(data["reason"], json.RootElement[2][3].GetProperty("reason").GetString());
    }

    [Fact]
    public void Gives_an_event_a_time_of_its_own_only_where_it_has_one()
    {
        using var json = JsonDocument.Parse(EventPack.Of(
            [new RunEvent(1, "task.ready", s_at, 0, 1, s_none), new RunEvent(2, "task.cancelled", s_at.AddSeconds(1), 0, 1, s_none)]));
        Assert.Equal(3, json.RootElement[0].GetArrayLength());
        Assert.Equal(s_at.AddSeconds(1), json.RootElement[1][4].GetDateTimeOffset());
    }
}
