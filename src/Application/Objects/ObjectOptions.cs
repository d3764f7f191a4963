using System.ComponentModel.DataAnnotations;

namespace Gofer.Application.Objects;

/// <summary>How large, how many and how old objects may be; section <c>Gofer:Objects</c>.</summary>
public sealed class ObjectOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Gofer:Objects";

    /// <summary>Bytes of an object at most.</summary>
    [Range(1024, long.MaxValue)]
    public long SizeLimit { get; set; } = 1L << 30;

    /// <summary>Objects of a pipeline, and of a run, at most: for a further one the oldest goes.</summary>
    [Range(1, 10_000)]
    public int CountLimit { get; set; } = 50;

    /// <summary>How many newer runs a pipeline has when the objects of a run go.</summary>
    [Range(1, 1_000_000)]
    public int KeepRuns { get; set; } = 50;

    /// <summary>How old the objects of an ended run become; 0 for as old as <see cref="KeepRuns"/> lets them.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan KeepFor { get; set; } = TimeSpan.Zero;
}
