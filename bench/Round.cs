using Gofer.Bench.Table;

namespace Gofer.Bench;

/// <summary>One round over all measurements: what was asked for, where figures go, and what later measurements take from earlier ones.</summary>
internal sealed class Round(Options options, Report report)
{
    public Options Options => options;

    public Report Report => report;

    /// <summary>Executions a second that Gofer drained in this round; a measurement that needs it and runs alone measures it itself.</summary>
    public double? EngineRate { get; set; }

    /// <summary>The same of the limit.</summary>
    public double? LimitRate { get; set; }

    /// <summary>The smaller of the two with <c>--quick</c>.</summary>
    public int Pick(int full, int quick) => options.Quick ? quick : full;
}
