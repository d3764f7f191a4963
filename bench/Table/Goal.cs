using System.Globalization;

namespace Gofer.Bench.Table;

/// <summary>The figure of the design that a row is to reach.</summary>
internal abstract record Goal
{
    private Goal() { }

    public static Goal None { get; } = new Nothing();

    /// <summary>Null where there is nothing to reach.</summary>
    public abstract bool? IsReached(double gofer, double? ratio);

    /// <summary>Gofer's figure over the other's.</summary>
    public sealed record RatioAtLeast(double Ratio) : Goal
    {
        public override bool? IsReached(double gofer, double? ratio) => ratio >= Ratio;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $">= {Ratio:0.##} x");
    }

    /// <summary>Gofer's figure over the other's.</summary>
    public sealed record RatioAtMost(double Ratio) : Goal
    {
        public override bool? IsReached(double gofer, double? ratio) => ratio <= Ratio;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"<= {Ratio:0.##} x");
    }

    /// <summary>Gofer's figure alone.</summary>
    public sealed record AtMost(double Figure) : Goal
    {
        public override bool? IsReached(double gofer, double? ratio) => gofer <= Figure;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"<= {Figure:0.##}");
    }

    /// <summary>Gofer's figure alone.</summary>
    public sealed record AtLeast(double Figure) : Goal
    {
        public override bool? IsReached(double gofer, double? ratio) => gofer >= Figure;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $">= {Figure:0}");
    }

    private sealed record Nothing : Goal
    {
        public override bool? IsReached(double gofer, double? ratio) => null;

        public override string ToString() => "";
    }
}
