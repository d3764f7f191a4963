using Gofer.Domain.Common;
using Gofer.Domain.Runs;
using Gofer.Infrastructure.Postgres.Queue;

namespace Gofer.Tests.Unit.Infrastructure;

public sealed class TaskColumnsTests
{
    private static readonly DateTimeOffset s_now = DateTimeOffset.UnixEpoch;

    /// <summary>What the short update writes; what it leaves alone must stand at its default before and after.</summary>
    private static readonly string[] s_usual =
    [
        nameof(TaskExecution.Task), nameof(TaskExecution.State), nameof(TaskExecution.Attempt), nameof(TaskExecution.Fence), nameof(TaskExecution.Worker),
        nameof(TaskExecution.Backend), nameof(TaskExecution.OpenParents), nameof(TaskExecution.ExitCode), nameof(TaskExecution.Scheduler), nameof(TaskExecution.Node),
        nameof(TaskExecution.ImageDigest), nameof(TaskExecution.ReadyAt), nameof(TaskExecution.StartedAt), nameof(TaskExecution.EndedAt), nameof(TaskExecution.Reused),
    ];

    public static TheoryData<string> Properties => [.. typeof(TaskExecution).GetProperties().Select(p => p.Name)];

    [Fact]
    public void An_execution_without_anything_to_say_is_usual() => Assert.True(TaskColumns.IsUsual(new TaskExecution { Task = 0 }));

    [Theory]
    [MemberData(nameof(Properties))]
    public void An_execution_with_any_property_that_the_short_update_leaves_out_is_written_whole(string name)
    {
        var execution = new TaskExecution { Task = 0 };
        var property = typeof(TaskExecution).GetProperty(name)!;
        property.SetValue(execution, Some(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType));

        Assert.Equal(s_usual.Contains(name), TaskColumns.IsUsual(execution));
    }

    private static object Some(Type type) => type switch
    {
        _ when type == typeof(string) => "said",
        _ when type == typeof(int) => 1,
        _ when type == typeof(long) => 1L,
        _ when type == typeof(bool) => true,
        _ when type == typeof(DateTimeOffset) => s_now,
        _ when type == typeof(WorkerId) => new WorkerId(Guid.CreateVersion7()),
        _ when type == typeof(Reused) => new Reused(new RunId(Guid.CreateVersion7()), 1, 0, 1, 0, null, s_now, s_now),
        _ when type.IsEnum => Enum.GetValues(type).GetValue(Enum.GetValues(type).Length - 1)!,
        _ => throw new NotSupportedException($"A value of {type} is to be given here."),
    };
}
